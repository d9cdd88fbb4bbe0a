"""Figures: what happened to whom on which day, per post, customer and product family, and into which period it counts.

A figure is derived: `verify` recomputes all of them from the ledgers. `day` is the day of the fact; `post` owned the customer on
`owner_day`, which is the same day, but for what takes back an earlier fact (a return, a credit note, a refund): the day of
what it takes back, so that it is charged to the post, and the person, that had the credit for it. `period` is the first day of the month into which it is booked: its own, or the first open one when its own was
closed before the fact was known (`belongs_to`). Figures of a closed period never change (trigger), and the tree of posts is
kept as it stood at the close. A `FigureMark` says which customer and day must be counted again.
"""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import TruncMonth
from django.utils.translation import gettext_lazy as _

from customers.parties.models import Customer
from customers.territory.models import Post
from oms.accounts.models import User
from oms.company.models import Currency
from oms.events.models import Event
from reporting.facts.choices import TargetMeasure


class ClosedPeriod(models.Model):
    """A month that is closed, and with it every month before. Append-only."""

    month = models.DateField(primary_key=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.CheckConstraint(name="closed_period_month", condition=Q(month__day=1))]

    def __str__(self) -> str:
        return self.month.isoformat()[:7]


class ClosedPeriodPlace(models.Model):
    """Where a post stood in the region tree when the period was closed: `path` is its territories, top first. Append-only."""

    period = models.ForeignKey(ClosedPeriod, on_delete=models.PROTECT, related_name="places", db_index=False)
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", db_index=False)
    path = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["period", "post"], name="period_place_once")]


class Figure(models.Model):
    """Sums of one day; money net in `currency`, `cost` at the cost frozen on the order line, counts of units and lines."""

    period = models.DateField()
    day = models.DateField()
    owner_day = models.DateField()
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    family = models.CharField(max_length=60, blank=True, db_default="")
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    ordered = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    approved = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    delivered = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    cost = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    invoiced = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    collected = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    returned = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    credited = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    units_ordered = models.BigIntegerField(db_default=0)
    units_delivered = models.BigIntegerField(db_default=0)
    lines_due = models.BigIntegerField(db_default=0)
    lines_on_time = models.BigIntegerField(db_default=0)
    units_due = models.BigIntegerField(db_default=0)
    units_on_time = models.BigIntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "day", "owner_day", "post", "family", "currency", "period"], name="figure_once"
            ),
            models.CheckConstraint(name="figure_period", condition=Q(period__day=1) & Q(period__gte=TruncMonth(F("day")))),
        ]
        indexes = [
            models.Index(fields=["period", "post"], name="figure_of_period"),
            models.Index(fields=["post", "owner_day"], name="figure_of_post"),
            models.Index(fields=["customer", "day"], name="figure_of_orders", condition=Q(ordered__gt=0)),
        ]

    @property
    def belongs_to(self) -> date | None:
        """The month in which the fact lies when it is booked into a later one."""
        month = self.day.replace(day=1)
        return None if month == self.period else month


class FigureMark(models.Model):
    """This customer's figures of this day must be counted again."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+", db_index=False)
    day = models.DateField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["customer", "day"], name="figure_mark_once")]


class Target(models.Model):
    """What a post is to reach in a month, in all (`family` "") or of one product family. Changed by two persons."""

    month = models.DateField()
    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+")
    family = models.CharField(max_length=60, blank=True, db_default="")
    measure = models.CharField(max_length=10, choices=TargetMeasure.choices)
    currency = models.ForeignKey(Currency, on_delete=models.PROTECT, related_name="+", db_index=False)
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("target")
        constraints = [
            models.UniqueConstraint(fields=["month", "post", "family", "measure", "currency"], name="target_once"),
            models.CheckConstraint(name="target_amount", condition=Q(amount__gte=0) & Q(month__day=1)),
        ]
