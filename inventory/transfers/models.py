"""Transfers: goods that go from one location to another, and lie in neither while they are on their way.

A line's quantities are the sums of its `TransferPosting`s, an append-only ledger of which every row that moves stock names
its movement; the database checks both at commit. In transit = shipped + surplus − received − lost, so nothing appears or
disappears between the two (RELIABILITY.md I7). Below zero more came in than left: a difference, like units that do not come.
While it is requested a transfer is booked at its source; until it is received it is an expected receipt of its target.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.models import Movement
from inventory.transfers.choices import PostingKind, TransferStatus
from oms.accounts.models import User
from oms.events.models import Event


class Route(models.Model):
    """How many days goods take from one location to another."""

    source = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="routes_out")
    target = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="routes_in")
    days = models.SmallIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "target"], name="route_once"),
            models.CheckConstraint(name="route_days", condition=Q(days__gte=0)),
            models.CheckConstraint(name="route_apart", condition=~Q(source=F("target"))),
        ]

    def __str__(self) -> str:
        return f"{self.source} → {self.target}"


class Transfer(models.Model):
    """`ship_date`: planned day of leaving; `arrival_date`: first day it can be shipped from the target."""

    number = models.CharField(max_length=20, unique=True)
    source = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="transfers_out")
    target = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="transfers_in")
    status = models.CharField(max_length=10, choices=TransferStatus.choices)
    ship_date = models.DateField()
    arrival_date = models.DateField()
    note = models.CharField(max_length=200, blank=True, db_default="")
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    requested_at = models.DateTimeField()
    shipped_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_apart", condition=~Q(source=F("target"))),
            models.CheckConstraint(name="transfer_dates", condition=Q(arrival_date__gte=F("ship_date"))),
        ]
        indexes = [
            models.Index(
                fields=["arrival_date"],
                name="transfer_open",
                condition=Q(status__in=["requested", "in_transit", "differs"]),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class TransferLine(models.Model):
    """One product of a transfer, base units. What was never requested and left all the same has requested 0."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    quantity_requested = models.BigIntegerField(db_default=0)
    quantity_shipped = models.BigIntegerField(db_default=0)
    quantity_received = models.BigIntegerField(db_default=0)
    quantity_lost = models.BigIntegerField(db_default=0)
    quantity_surplus = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["transfer", "product"], name="transfer_line_once"),
            models.CheckConstraint(
                name="transfer_line_quantities",
                condition=Q(quantity_requested__gte=0, quantity_shipped__gte=0, quantity_received__gte=0,
                            quantity_lost__gte=0, quantity_surplus__gte=0),
            ),
        ]  # fmt: skip

    @property
    def in_transit(self) -> int:
        """What left and did not come in; below zero: what came in and never left."""
        return self.quantity_shipped + self.quantity_surplus - self.quantity_received - self.quantity_lost

    @property
    def left_more(self) -> int:
        """How many more units must have left than was said (below zero: fewer), for both ends to agree."""
        return -self.in_transit


class TransferPosting(models.Model):
    """`quantity` units of a line left, came in, or were given up; a negative row takes back what was said. Append-only."""

    line = models.ForeignKey(TransferLine, on_delete=models.PROTECT, related_name="postings")
    kind = models.CharField(max_length=10, choices=PostingKind.choices)
    quantity = models.BigIntegerField()
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, null=True, related_name="+")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    proposed_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False
    )
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="transfer_posting_quantity", condition=~Q(quantity=0)),
            models.CheckConstraint(
                name="transfer_posting_moves",
                condition=Q(kind__in=["shipped", "received"], movement__isnull=False)
                | Q(kind__in=["lost", "surplus"], movement__isnull=True, quantity__gt=0),
            ),
            models.CheckConstraint(
                name="transfer_posting_two_persons",
                condition=Q(kind__in=["shipped", "received"])
                | (Q(proposed_by__isnull=False) & ~Q(proposed_by=F("by"))),
            ),
        ]
