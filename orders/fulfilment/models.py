"""Shipments: what leaves one location for one order together.

A shipment line takes from one allocation; once `posted` it stands for a goods issue, and the database checks at commit
that per order line shipped = Σ posted shipment lines = Σ issue movements.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from inventory.catalog.models import Product, StorageLocation
from inventory.stock.models import Movement
from oms.events.models import Event
from orders.book.models import Order, OrderLine
from orders.fulfilment.choices import ShipmentStatus
from orders.planning.models import Allocation


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
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["location", "planned_date"],
                name="shipment_at_work",
                condition=Q(status__in=["released", "picking", "picked", "packed"]),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ShipmentLine(models.Model):
    """`quantity` of an order line out of one allocation; `movement` is its goods issue once posted."""

    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="lines")
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="shipment_lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    allocation = models.ForeignKey(Allocation, on_delete=models.PROTECT, related_name="shipment_lines")
    quantity = models.BigIntegerField()
    movement = models.OneToOneField(Movement, on_delete=models.PROTECT, null=True, related_name="+")
    posted = models.BooleanField(db_default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="shipment_line_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(
                name="shipment_line_posted", condition=Q(posted=False) | Q(movement__isnull=False)
            ),
        ]
