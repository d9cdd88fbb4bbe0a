"""Count sheets: the places somebody walks along, what they counted and when. Nothing moves until the sheet is posted.

A line says when its place was counted; posted, it names its entry in stock's ledger of counts. Where all differences of
a sheet are worth more than the location's limit, somebody else than who posted it looks at it afterwards: counted stock
is a fact and never waits for a second person.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from inventory.catalog.models import Product, StorageLocation
from inventory.counts.choices import SheetStatus
from inventory.stock.models import CountedPlace
from oms.accounts.models import User
from oms.events.models import Event


class CountSheet(models.Model):
    """`bin_from` to `bin_to`, `family`, `not_since`: what was asked to be counted. `released`: [[order's number, units]]
    that orders held and do not any more; `value`: all differences, up and down, at standard cost."""

    number = models.CharField(max_length=20, unique=True)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="count_sheets")
    status = models.CharField(max_length=10, choices=SheetStatus.choices)
    bin_from = models.CharField(max_length=40, blank=True, db_default="")
    bin_to = models.CharField(max_length=40, blank=True, db_default="")
    family = models.CharField(max_length=60, blank=True, db_default="")
    not_since = models.DateField(null=True, blank=True)
    note = models.CharField(max_length=200, blank=True, db_default="")
    opened_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    opened_at = models.DateTimeField()
    posted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    posted_at = models.DateTimeField(null=True)
    value = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    value_limit = models.DecimalField(max_digits=18, decimal_places=3, db_default=0)
    released = models.JSONField(default=list)
    reviewed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    reviewed_at = models.DateTimeField(null=True)
    review_note = models.CharField(max_length=200, blank=True, db_default="")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="sheet_posted_by", condition=Q(status="posted", posted_by__isnull=False) | ~Q(status="posted") & Q(posted_by__isnull=True)
            ),
            models.CheckConstraint(
                name="sheet_two_persons",
                condition=Q(reviewed_by__isnull=True) | Q(status="posted") & ~Q(reviewed_by=F("posted_by")),
            ),
        ]
        indexes = [
            models.Index(fields=["location", "opened_at"], name="sheet_open", condition=Q(status="open")),
            models.Index(
                fields=["posted_at"], name="sheet_to_review",
                condition=Q(status="posted", reviewed_by__isnull=True, value__gt=F("value_limit")),
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.number

    @property
    def waits_for_review(self) -> bool:
        return self.status == SheetStatus.POSTED and self.reviewed_by_id is None and self.value > self.value_limit


class CountSheetLine(models.Model):
    """One place of a sheet. `quantity` is null until it is counted; `place` is the entry of its posting."""

    sheet = models.ForeignKey(CountSheet, on_delete=models.PROTECT, related_name="lines")
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    bin = models.CharField(max_length=40, blank=True, db_default="")
    lot = models.CharField(max_length=40, blank=True, db_default="")
    quantity = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    counted_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    place = models.OneToOneField(CountedPlace, on_delete=models.PROTECT, null=True, related_name="sheet_line")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["sheet", "product", "bin", "lot"], name="sheet_line_once"),
            models.CheckConstraint(
                name="sheet_line_counted",
                condition=Q(quantity__isnull=True, counted_at__isnull=True, counted_by__isnull=True, place__isnull=True)
                | Q(quantity__gte=0, counted_at__isnull=False, counted_by__isnull=False),
            ),
        ]
