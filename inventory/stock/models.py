"""Stock truth: an append-only movement ledger, one balance row per product, location, bin and lot, and availability.

`Balance` is the sum of its movements and refuses the impossible (0 ≤ allocated, allocated + blocked ≤ on hand).
`Availability` is the planner's warm state: one row per product and location with cumulative free quantity by day
(PLANNING.md). Days are dates; the first is "already there". Decisions never raise `shortfall`; only facts may.
`reference_order`, `reference_line` are opaque here: the orders app's database guards tie them to its lines.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.choices import MovementKind, ReceiptKind, ReceiptStatus
from oms.accounts.models import User
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
    happened_at = models.DateTimeField(null=True, help_text=_("when it really was, of what a closed month moved to the first open day"))
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
            BrinIndex(fields=["occurred_at"], name="movement_time", autosummarize=True),
            models.Index(
                fields=["reference_line"], name="movement_of_line", condition=Q(reference_line__isnull=False)
            ),
        ]


class CountedPlace(models.Model):
    """One place was counted: `quantity` lay there `as_of`; the books differed by `difference`. Append-only.

    `version` is the balance's after it. A fact that occurred before a count and is told after it is netted out at the
    count, so that what lay there `as_of` stays what was counted.
    """

    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="counts", db_index=False)
    as_of = models.DateTimeField()
    quantity = models.BigIntegerField()
    difference = models.BigIntegerField()
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, null=True, related_name="+")
    version = models.BigIntegerField()
    source = models.CharField(max_length=100, null=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source"], name="counted_source_once"),
            models.CheckConstraint(name="counted_quantity", condition=Q(quantity__gte=0)),
            models.CheckConstraint(
                name="counted_difference_moves",
                condition=Q(difference=0, movement__isnull=True) | ~Q(difference=0) & Q(movement__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["balance", "as_of"], name="counted_of_balance")]


class Adjustment(models.Model):
    """Who changed on hand, why, and what that is worth at standard cost. Append-only.

    Above the location's limit a second person confirms; `amount_limit` is null for what a warehouse system tells.
    """

    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="+", db_index=False)
    reason = models.CharField(max_length=30)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    amount_limit = models.DecimalField(max_digits=18, decimal_places=3, null=True)
    movements = ArrayField(models.BigIntegerField())
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    at = models.DateTimeField()
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="adjustment_two_persons",
                condition=Q(amount_limit__isnull=True) | Q(amount__lte=F("amount_limit"))
                | Q(proposed_by__isnull=False) & ~Q(proposed_by=F("by")),
            ),
        ]
        indexes = [models.Index(fields=["location", "-at"], name="adjustment_recent")]


class StockClosing(models.Model):
    """What lay everywhere when a day was closed, as a digest: `verify` works it out anew from the ledger. Append-only.

    `below_xid`: the movements of the transactions that had ended by then. `pairs` of product and location hold `units`.
    """

    day = models.DateField(unique=True)
    below_xid = models.BigIntegerField()
    pairs = models.BigIntegerField()
    units = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    @property
    def digest(self) -> str:
        return bytes(self.sha256).hex()


class ExpectedReceipt(models.Model):
    """Goods on their way in: counted in availability from `available_date` (ETA + dock to stock).

    One of kind transfer mirrors the line of a transfer, which alone changes it; its reference is the transfer's number.
    """

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="receipts")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="receipts")
    kind = models.CharField(max_length=10, choices=ReceiptKind.choices, db_default=ReceiptKind.PURCHASE)
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
