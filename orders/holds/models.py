"""Holds: a set beside the status. Each stops named steps until it is released, with amount, owner and reason."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from oms.accounts.choices import Role
from oms.accounts.models import User
from oms.events.models import Event
from orders.book.models import Order
from orders.holds.choices import HoldKind, Step


class Hold(models.Model):
    """Open while `released_at` is empty. `owner` is the role that may release it (orders.holds.choices.OWNERS)."""

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
            models.Index(fields=["kind", "opened_at"], name="hold_open", condition=Q(released_at__isnull=True))
        ]
