"""Shipments: what leaves one location for one order together.

A shipment line takes from one allocation; once `posted` it stands for a goods issue, and the database checks at commit
that per order line shipped = Σ posted shipment lines = Σ issue movements. What became of posted units is said by
`Arrival`s (delivered or undelivered, signed, dated); a shipment line and its order line are their sums. A fact that no
approved order line covers is a `Discrepancy`, without order line and never invoiced, until it is cleared.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.models import Balance, Movement
from oms.accounts.models import User
from oms.events.models import Event
from orders.book.models import Order, OrderLine
from orders.fulfilment.choices import ArrivalKind, ClearingKind, DiscrepancyKind, Proof, ShipmentStatus
from orders.planning.models import Allocation


class WaveTime(models.Model):
    """When a location releases a wave on its working days: `at` in its own time, with room before the carrier's cut-off."""

    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="wave_times")
    at = models.TimeField(help_text=_("in the location's time, early enough before the carrier comes"))
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("wave time")
        constraints = [models.UniqueConstraint(fields=["location", "at"], name="wave_time_once")]

    def __str__(self) -> str:
        return f"{self.location}, {self.at:%H:%M}"


class Wave(models.Model):
    """Shipments that a location released together: by its timetable (`due_at`, once a day) or by hand.

    Filled in batches; `filled_at` once all that was due is with the warehouse, `shipments_made` of it.
    """

    number = models.CharField(max_length=20, unique=True)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="waves")
    day = models.DateField()
    due_at = models.TimeField(null=True)
    shipments_made = models.IntegerField(db_default=0)
    at = models.DateTimeField()
    filled_at = models.DateTimeField(null=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "day", "due_at"], name="wave_once", condition=Q(due_at__isnull=False)),
        ]
        indexes = [models.Index(fields=["location", "-at"], name="wave_of_location")]

    def __str__(self) -> str:
        return self.number


class Shipment(models.Model):
    """`planned_date` is the ship day; `shipped_at` the goods issue; `delivered_date` with its proof."""

    number = models.CharField(max_length=20, unique=True)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="shipments")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="shipments")
    status = models.CharField(max_length=10, choices=ShipmentStatus.choices)
    planned_date = models.DateField()
    delivery_date = models.DateField(help_text="planned delivery")
    carrier = models.CharField(max_length=60, blank=True, default="")
    tracking_number = models.CharField(max_length=60, blank=True, default="", db_index=True)
    shipped_at = models.DateTimeField(null=True)
    delivered_date = models.DateField(null=True)
    delivery_proof = models.CharField(max_length=20, blank=True, default="")
    released_at = models.DateTimeField()
    wave = models.ForeignKey(Wave, on_delete=models.PROTECT, null=True, related_name="shipments", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["wave"], name="shipment_of_wave", condition=Q(wave__isnull=False)),
            models.Index(
                fields=["location", "planned_date"],
                name="shipment_at_work",
                condition=Q(status__in=["released", "picking", "picked", "packed"]),
            ),
            models.Index(
                fields=["delivery_date"], name="shipment_on_its_way",
                condition=Q(status__in=["shipped", "in_transit", "failed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ShipmentLine(models.Model):
    """`quantity` of an order line out of one allocation; `movement` is its goods issue once posted.

    `delivered`, `undelivered`: what became of it (sums of its arrivals); `returned` of the delivered came back.
    """

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.BigIntegerField()
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, null=True, related_name="+")
    posted = models.BooleanField(db_default=False)
    delivered = models.BigIntegerField(db_default=0)
    undelivered = models.BigIntegerField(db_default=0)
    returned = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="shipment_line_arrived_within",
                condition=Q(delivered__gte=0, undelivered__gte=0, returned__gte=0)
                & Q(quantity__gte=F("delivered") + F("undelivered")) & Q(delivered__gte=F("returned")),
            ),
            models.CheckConstraint(
                name="shipment_line_arrived_posted", condition=Q(posted=True) | Q(delivered=0, undelivered=0)
            ),
            models.CheckConstraint(name="shipment_line_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="shipment_line_posted", condition=Q(posted=False) | Q(movement__isnull=False)
            ),
        ]

    @property
    def in_cart(self) -> int:
        """Units picked that did not leave yet; with its allocation."""
        return min(self.quantity, max(0, self.allocation.picked - self.allocation.shipped))

    @property
    def in_transit(self) -> int:
        return self.quantity - self.delivered - self.undelivered if self.posted else 0


class PutBack(models.Model):
    """Units that were in a cart when their shipment was given up: they stand blocked until they lie in their bin again (`done`)
    or are found to be no good (`kept` blocked, for whoever decides about blocked stock)."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+", db_index=False)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="put_backs")
    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="+", db_index=False)
    quantity = models.BigIntegerField()
    done = models.BigIntegerField(db_default=0)
    kept = models.BigIntegerField(db_default=0)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="put_back_quantity", condition=Q(quantity__gt=0, done__gte=0, kept__gte=0) & Q(quantity__gte=F("done") + F("kept"))
            ),
        ]
        indexes = [models.Index(fields=["location", "at"], name="put_back_open", condition=Q(quantity__gt=F("done") + F("kept")))]

    @property
    def open(self) -> int:
        return self.quantity - self.done - self.kept


class Arrival(models.Model):
    """`quantity` of a posted shipment line arrived, or did not; a correction is a negative row beside it. Append-only."""

    shipment_line = models.ForeignKey(ShipmentLine, on_delete=models.PROTECT, related_name="arrivals")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="arrivals")
    kind = models.CharField(max_length=12, choices=ArrivalKind.choices)
    quantity = models.BigIntegerField()
    day = models.DateField()
    proof = models.CharField(max_length=20, choices=Proof.choices)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="arrival_quantity", condition=~Q(quantity=0))]


class Discrepancy(models.Model):
    """`quantity` units moved that no approved order line covers. `order` is what the sender named, if anything.

    An unauthorised issue has left; an unannounced return lies blocked in `balance`.
    """

    number = models.CharField(max_length=20, unique=True)
    kind = models.CharField(max_length=20, choices=DiscrepancyKind.choices)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="+", db_index=False)
    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="+", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, blank=True, related_name="discrepancies")
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField()
    cleared = models.BigIntegerField(db_default=0)
    reason = models.CharField(max_length=30, blank=True, db_default="")
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = "discrepancies"
        constraints = [
            models.CheckConstraint(
                name="discrepancy_cleared", condition=Q(quantity__gt=0, cleared__gte=0) & Q(quantity__gte=F("cleared"))
            ),
        ]
        indexes = [
            models.Index(fields=["location", "at"], name="discrepancy_open", condition=Q(quantity__gt=F("cleared"))),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def open(self) -> int:
        return self.quantity - self.cleared


class DiscrepancyClearing(models.Model):
    """`quantity` of a discrepancy was cleared, and how; a write-off names two persons. Append-only."""

    discrepancy = models.ForeignKey(Discrepancy, on_delete=models.PROTECT, related_name="clearings")
    kind = models.CharField(max_length=10, choices=ClearingKind.choices)
    quantity = models.BigIntegerField()
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="clearing_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="clearing_two_persons",
                condition=~Q(kind=ClearingKind.WRITE_OFF) | (Q(proposed_by__isnull=False) & ~Q(proposed_by=F("by"))),
            ),
            models.CheckConstraint(
                name="clearing_names_line", condition=~Q(kind=ClearingKind.AMENDMENT) | Q(line__isnull=False)
            ),
        ]
