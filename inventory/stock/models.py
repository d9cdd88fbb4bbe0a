"""Stock truth: an append-only movement ledger, one balance row per product, location, bin and lot, and availability.

`Balance` is the sum of its movements and refuses the impossible (0 ≤ allocated, allocated + blocked ≤ on hand).
`Availability` is the planner's warm state: one row per product and location with cumulative free quantity by day
(PLANNING.md). Days are dates; the first is "already there". Decisions never raise `shortfall`; only facts may.
`reference_order`, `reference_line` are opaque here: the orders app's database guards tie them to its lines.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.choices import MovementKind, ReceiptStatus
from oms.events.models import Event


class Balance(models.Model):
    """What lies in one place. `version` counts its movements."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="balances")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="balances")
    bin = models.CharField(max_length=40, blank=True, db_default="")
    lot = models.CharField(max_length=40, blank=True, db_default="")
    expires_on = models.DateField(null=True, blank=True)
    on_hand = models.BigIntegerField(db_default=0)
    allocated = models.BigIntegerField(db_default=0)
    blocked = models.BigIntegerField(db_default=0)
    version = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["product", "location", "bin", "lot"], name="balance_once"),
            models.CheckConstraint(name="balance_not_negative", condition=Q(allocated__gte=0, blocked__gte=0)),
            models.CheckConstraint(
                name="balance_covered", condition=Q(on_hand__gte=F("allocated") + F("blocked"))
            ),
        ]

    @property
    def free(self) -> int:
        return self.on_hand - self.allocated - self.blocked


class Movement(models.Model):
    """One posting: signed changes of on hand, allocated and blocked; append-only; the balance's next version."""

    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="movements", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="movements", db_index=False)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=20, choices=MovementKind.choices)
    quantity = models.BigIntegerField(help_text=_("change of on hand"))
    allocated = models.BigIntegerField(db_default=0)
    blocked = models.BigIntegerField(db_default=0)
    version = models.BigIntegerField()
    reason = models.CharField(max_length=30, db_default="")
    reference_order = models.BigIntegerField(null=True)
    reference_line = models.BigIntegerField(null=True)
    source = models.CharField(max_length=100, null=True, help_text=_("sender's id: the same source moves stock once"))
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["balance", "version"], name="movement_version_once"),
            models.UniqueConstraint(fields=["source"], name="movement_source_once"),
            models.CheckConstraint(
                name="movement_issue_names_line",
                condition=~Q(kind=MovementKind.ISSUE)
                | Q(reference_order__isnull=False, reference_line__isnull=False),
            ),
            models.CheckConstraint(
                name="movement_issue_takes", condition=~Q(kind=MovementKind.ISSUE) | Q(quantity__lt=0)
            ),
        ]
        indexes = [
            models.Index(fields=["product", "location", "id"], name="movement_stock_card"),
            models.Index(
                fields=["reference_line"], name="movement_of_line", condition=Q(reference_line__isnull=False)
            ),
        ]


class ExpectedReceipt(models.Model):
    """Goods on their way in: counted in availability from `available_date` (ETA + dock to stock)."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="receipts")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="receipts")
    reference = models.CharField(max_length=40, help_text=_("purchase order number and line"))
    available_date = models.DateField()
    quantity = models.BigIntegerField()
    received = models.BigIntegerField(db_default=0)
    status = models.CharField(max_length=10, choices=ReceiptStatus.choices, default=ReceiptStatus.OPEN)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["reference", "product", "location"], name="receipt_once"),
            models.CheckConstraint(name="receipt_quantities", condition=Q(quantity__gt=0, received__gte=0)),
        ]
        indexes = [
            models.Index(
                fields=["product", "location"], name="receipt_open", condition=Q(status=ReceiptStatus.OPEN)
            ),
        ]


class Availability(models.Model):
    """Cumulative free quantity of one product at one location, by day (see inventory.stock.domain)."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="availability")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="availability")
    safety = models.BigIntegerField(db_default=0)
    days = ArrayField(models.DateField())
    free = ArrayField(models.BigIntegerField())
    shortfall = models.BigIntegerField(db_default=0)
    shortfall_event = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    layout_version = models.BigIntegerField(db_default=1)

    class Meta:
        verbose_name_plural = _("availability")
        constraints = [
            models.UniqueConstraint(fields=["product", "location"], name="availability_once"),
            models.CheckConstraint(name="availability_shortfall", condition=Q(shortfall__gte=0)),
            models.CheckConstraint(name="availability_safety", condition=Q(safety__gte=0)),
        ]
