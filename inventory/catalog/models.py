"""What is sold and where it lies: products with their units, storage locations with zone, calendar and lead time.

The base unit is the smallest tradable one; every other unit is an exact fraction of it. Products are retired, not deleted.
"""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User
from oms.company.models import Calendar


class Product(models.Model):
    """Something with a SKU. Prices are per `price_unit` base units (1, 100, 1,000)."""

    class Status(models.TextChoices):
        ACTIVE = "active", _("Active")
        RETIRED = "retired", _("Retired")

    sku = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status.choices, default=Status.ACTIVE)
    gtin = models.CharField(max_length=14, blank=True, default="")
    family = models.CharField(max_length=60, blank=True, default="")
    base_unit = models.CharField(max_length=20, default="each")
    price_unit = models.IntegerField(default=1)
    minimum_quantity = models.BigIntegerField(default=1)
    quantity_multiple = models.BigIntegerField(default=1)
    tax_class = models.CharField(max_length=20, default="standard")
    standard_cost = models.DecimalField(max_digits=18, decimal_places=6, default=0)
    weight_g = models.BigIntegerField(default=0)
    volume_cm3 = models.BigIntegerField(default=0)
    reorder_level = models.BigIntegerField(default=0)
    track_lots = models.BooleanField(default=False)

    class Meta:
        indexes = [GinIndex(fields=["name"], name="product_name_parts", opclasses=["gin_trgm_ops"])]
        constraints = [
            models.CheckConstraint(name="product_price_unit", condition=Q(price_unit__in=[1, 100, 1000])),
            models.CheckConstraint(
                name="product_quantities", condition=Q(minimum_quantity__gt=0, quantity_multiple__gt=0)
            ),
            models.CheckConstraint(name="product_cost", condition=Q(standard_cost__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.sku} {self.name}"


class Unit(models.Model):
    """A unit worth num/den base units ("case" = 12/1)."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="units")
    code = models.CharField(max_length=20)
    num = models.BigIntegerField()
    den = models.BigIntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "code"], name="unit_once"),
            models.CheckConstraint(name="unit_positive", condition=Q(num__gt=0, den__gt=0)),
        ]


class Substitute(models.Model):
    """What may be offered instead of a product: num/den base units of `instead` do for one of it; the lowest rank first."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="substitutes", db_index=False)
    instead = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    num = models.BigIntegerField(default=1)
    den = models.BigIntegerField(default=1)
    rank = models.IntegerField(default=1)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "instead"], name="substitute_once"),
            models.CheckConstraint(name="substitute_other", condition=~Q(product=F("instead"))),
            models.CheckConstraint(name="substitute_ratio", condition=Q(num__gt=0, den__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.product_id} {self.instead_id}"


class StorageLocation(models.Model):
    """A warehouse. `lead_time_days` working days to pick and pack; orders after `cut_off` local time count tomorrow.

    Ship days within `release_window_days` working days are released; `capacity` units a day, null = no limit.
    """

    code = models.CharField(max_length=20, unique=True)
    name = models.CharField(max_length=100)
    active = models.BooleanField(default=True)
    timezone = models.CharField(max_length=50)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, related_name="+")
    country = models.CharField(max_length=2)
    address = models.TextField(blank=True, default="")
    lead_time_days = models.SmallIntegerField(default=1)
    cut_off = models.TimeField()
    capacity = models.BigIntegerField(null=True, blank=True)
    release_window_days = models.SmallIntegerField(default=1)
    adjustment_limit = models.DecimalField(
        max_digits=18, decimal_places=3, default=1000,
        help_text=_("stock adjusted beyond this, at standard cost, takes a second person"),
    )  # fmt: skip

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="location_days", condition=Q(lead_time_days__gte=0, release_window_days__gte=0)
            ),
            models.CheckConstraint(name="location_adjustment_limit", condition=Q(adjustment_limit__gte=0)),
            models.CheckConstraint(name="location_capacity", condition=Q(capacity__isnull=True) | Q(capacity__gt=0)),
        ]

    def __str__(self) -> str:
        return self.name


class LocationStaff(models.Model):
    """Warehouse staff see and post for their locations only."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="locations")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="staff")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "location"], name="location_staff_once")]
