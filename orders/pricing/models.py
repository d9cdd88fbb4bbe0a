"""Price lists: one list wins, most specific first (customer, group, class, base), then the latest start.

Prices are net per `price_unit` base units, with quantity breaks; the price date is the submission.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from inventory.catalog.models import Product
from oms.company.models import Currency


class PriceList(models.Model):
    """For one customer, one group, one class, or everybody (base)."""

    class Scope(models.IntegerChoices):
        CUSTOMER = 0, _("Customer")
        GROUP = 1, _("Customer group")
        CLASS = 2, _("Customer class")
        BASE = 3, _("Everybody")

    code = models.CharField(max_length=30, unique=True)
    name = models.CharField(max_length=100)
    scope = models.SmallIntegerField(choices=Scope.choices)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="price_lists")
    group = models.CharField(max_length=30, blank=True, default="")
    customer_class = models.SmallIntegerField(null=True, blank=True)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    includes_tax = models.BooleanField(default=False, db_default=False, help_text=_("its prices are gross: an order line takes the net of them, by the line's own rate"))

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="price_list_scope",
                condition=Q(scope=0, customer__isnull=False)
                | (Q(scope=1) & ~Q(group=""))
                | Q(scope=2, customer_class__isnull=False)
                | Q(scope=3),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """The price from `minimum_quantity` base units on."""

    price_list = models.ForeignKey(PriceList, on_delete=models.PROTECT, related_name="prices", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="prices", db_index=False)
    minimum_quantity = models.BigIntegerField(default=1)
    unit_price = models.DecimalField(max_digits=18, decimal_places=6)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "price_list", "minimum_quantity"], name="price_break_once"),
            models.CheckConstraint(name="price_not_negative", condition=Q(unit_price__gte=0, minimum_quantity__gt=0)),
        ]
