"""Alerts of stock: found every hour from balances, receipts, bookings and what left lately; raised once, cleared once.

A row stands from the event that raised it to the one that cleared it; what is closed stays as history.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.alerts.choices import ABOUT, AlertKind
from inventory.catalog.models import Product, StorageLocation
from oms.events.models import Event


class StockAlert(models.Model):
    """`units` and `day` say how much and when, as of the last look: see `AlertKind` and `selectors.STANDING`."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="alerts")
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="alerts", db_index=False)
    kind = models.CharField(max_length=10, choices=AlertKind.choices)
    units = models.BigIntegerField()
    level = models.BigIntegerField()
    day = models.DateField(null=True)
    raised_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    raised = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)
    cleared = models.ForeignKey(Event, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["product", "location", "kind"], name="alert_stands_once", condition=Q(cleared_at__isnull=True)
            ),
            models.CheckConstraint(
                name="alert_cleared_by", condition=Q(cleared_at__isnull=True, cleared__isnull=True)
                | Q(cleared_at__gte=F("raised_at"), cleared__isnull=False),
            ),
        ]  # fmt: skip

    @property
    def about(self) -> str:
        """What `units` are."""
        return ABOUT[AlertKind(self.kind)] % {"level": self.level}

    def __str__(self) -> str:
        return f"{self.product_id} {self.location_id} {self.kind}"
