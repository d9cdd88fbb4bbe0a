"""Who buys: customers, where they receive, whom we talk to, and which of our users act for them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.parties.choices import CustomerStatus, DeliveryRule, ShortageRule, TaxStatus
from customers.territory.models import Post
from oms.accounts.models import User
from oms.company.models import Calendar, Currency


class Customer(models.Model):
    """A sold-to party. `customer_class` 0 is the highest; `post` is the present owner (history: CustomerPost).

    Terms: `terms_days` after the invoice, `prepay_share` (0–1) before release. Retired, never deleted.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=CustomerStatus.choices, default=CustomerStatus.ACTIVE)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="customers")
    customer_class = models.SmallIntegerField(default=2)
    group = models.CharField(max_length=30, blank=True, default="")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    language = models.CharField(max_length=10, default="en")
    tax_status = models.CharField(max_length=20, choices=TaxStatus.choices, default=TaxStatus.DOMESTIC)
    vat_id = models.CharField(max_length=20, blank=True, default="")
    delivery_rule = models.SmallIntegerField(choices=DeliveryRule.choices, default=DeliveryRule.PARTIAL)
    shortage_rule = models.CharField(max_length=10, choices=ShortageRule.choices, default=ShortageRule.BACKORDER)
    max_shipments = models.SmallIntegerField(default=0, help_text=_("0 means any number"))
    po_repeats = models.BooleanField(default=False)
    terms_days = models.SmallIntegerField(default=30)
    prepay_share = models.DecimalField(max_digits=5, decimal_places=4, default=0)
    created_at = models.DateTimeField(db_default=Now())
    version = models.IntegerField(default=1)

    class Meta:
        indexes = [GinIndex(fields=["name"], name="customer_name_parts", opclasses=["gin_trgm_ops"])]
        constraints = [
            models.CheckConstraint(name="customer_class_range", condition=Q(customer_class__range=(0, 9))),
            models.CheckConstraint(name="customer_prepay_share", condition=Q(prepay_share__range=(0, 1))),
            models.CheckConstraint(name="customer_terms", condition=Q(terms_days__gte=0)),
        ]

    def __str__(self) -> str:
        return self.name


class Address(models.Model):
    """Where a customer receives goods or bills. `transit_zone` groups addresses with the same transit times."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="addresses")
    code = models.CharField(max_length=20, default="MAIN")
    name = models.CharField(max_length=200)
    street = models.CharField(max_length=200, blank=True, default="")
    postal_code = models.CharField(max_length=20, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    region = models.CharField(max_length=100, blank=True, default="")
    country = models.CharField(max_length=2)
    transit_zone = models.CharField(max_length=20)
    receiving_calendar = models.ForeignKey(
        Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    is_default = models.BooleanField(default=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = _("addresses")
        constraints = [
            models.UniqueConstraint(fields=["customer", "code"], name="address_code_once"),
            models.UniqueConstraint(fields=["customer", "id"], name="address_of_customer"),
            models.UniqueConstraint(fields=["customer"], condition=Q(is_default=True), name="address_one_default"),
        ]

    def __str__(self) -> str:
        return f"{self.name}, {self.city} {self.country}"


class Contact(models.Model):
    """A person at the customer."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="contacts")
    name = models.CharField(max_length=200)
    title = models.CharField(max_length=100, blank=True, default="")
    email = models.EmailField(blank=True, default="")
    phone = models.CharField(max_length=50, blank=True, default="")

    def __str__(self) -> str:
        return self.name


class CustomerUser(models.Model):
    """A partner's user (person or machine) acts for exactly one customer."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="customer_link", primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="users")
