"""Holds: a set beside the status. Each stops named steps until it is released, with amount, owner and reason.

Quotas: how much of a product (or family) a customer, group, post or territory may be sold in a period of the requested date.
`used` repeats the sum of the quota's entries and moves under its row's lock; only what is held may stand above the maximum.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from customers.territory.models import Post, Territory
from inventory.catalog.models import Product
from oms.accounts.choices import Role
from oms.accounts.models import User
from oms.events.models import Event
from orders.book.models import Order, OrderLine
from orders.holds.choices import HoldKind, Step


class Hold(models.Model):
    """Open while `released_at` is empty. `owner` is the role that may release it (orders.holds.choices.OWNERS).

    A release is for the order up to `release_amount` (gross, as it stands then) and until `release_until`: when the order
    grows above it or the time is over, the hold is back as a new row. `expires_at` ends an open hold by itself.
    """

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="holds")
    kind = models.CharField(max_length=14, choices=HoldKind.choices)
    steps = ArrayField(models.CharField(max_length=10, choices=Step.choices))
    amount = models.DecimalField(max_digits=18, decimal_places=3, default=0)
    owner = models.CharField(max_length=20, choices=Role.choices)
    code = models.CharField(max_length=40)
    reason = models.TextField(blank=True, default="")
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True, blank=True)
    released_at = models.DateTimeField(null=True, blank=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    release_reason = models.TextField(blank=True, default="")
    release_amount = models.DecimalField(max_digits=18, decimal_places=3, null=True, blank=True)
    release_until = models.DateTimeField(null=True, blank=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["order", "kind"], name="hold_kind_once", condition=Q(released_at__isnull=True)
            ),
            models.CheckConstraint(
                name="hold_release_known", condition=Q(released_at__isnull=True) | Q(released_by__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["kind", "opened_at"], name="hold_open", condition=Q(released_at__isnull=True)),
            models.Index(fields=["release_until"], name="hold_release_ends", condition=Q(release_until__isnull=False)),
        ]


class Quota(models.Model):
    """At most `maximum` base units with a requested date from `first` to `last`; of one product or of a family's together.

    It is for exactly one of customer, customer group, post, territory (with what lies below it).
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    family = models.CharField(max_length=60, blank=True, default="", db_index=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    group = models.CharField(max_length=30, blank=True, default="")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    territory = models.ForeignKey(Territory, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    first = models.DateField()
    last = models.DateField()
    maximum = models.BigIntegerField()
    used = models.BigIntegerField(db_default=0, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "family", "customer", "group", "post", "territory", "first"], name="quota_once", nulls_distinct=False
            ),
            models.CheckConstraint(name="quota_amounts", condition=Q(maximum__gte=0, used__gte=0)),
            models.CheckConstraint(name="quota_period", condition=Q(last__gte=F("first"))),
            models.CheckConstraint(name="quota_of_what", condition=Q(product__isnull=False) ^ ~Q(family="")),
            models.CheckConstraint(
                name="quota_for_whom",
                condition=Q(customer__isnull=False, group="", post__isnull=True, territory__isnull=True)
                | Q(customer__isnull=True, post__isnull=True, territory__isnull=True) & ~Q(group="")
                | Q(customer__isnull=True, group="", post__isnull=False, territory__isnull=True)
                | Q(customer__isnull=True, group="", post__isnull=True, territory__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["product", "first"], name="quota_of_product")]

    def __str__(self) -> str:
        return f"{self.product or self.family}, {self.customer or self.group or self.post or self.territory}, {self.first} – {self.last}"


class QuotaEntry(models.Model):
    """What an order line took of a quota (or, negative, gave back)."""

    quota = models.ForeignKey(Quota, on_delete=models.PROTECT, related_name="entries")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+", db_index=False)
    units = models.BigIntegerField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = _("quota entries")
