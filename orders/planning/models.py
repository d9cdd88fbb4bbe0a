"""Dates and places: lanes, the live plan of each order, its schedule lines, promises, allocations and plan runs.

Stock is committed in two strengths. Soft: `ScheduleLine`, counted in availability, a claim before approval and a plan
after it; the lines of one `version` belong together, and `LivePlan` says which version of an order is alive.
Hard: `Allocation`, pinned to a balance at release. A `Promise` is append-only: what we said, when, and what bound it.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from customers.territory.models import Post
from inventory.catalog.models import Product, StorageLocation
from inventory.stock.models import Balance
from oms.accounts.models import User
from oms.company.models import Calendar
from oms.events.models import Event
from orders.book.models import Order, OrderLine
from orders.planning.choices import (
    ChangeState,
    Outcome,
    PromiseKind,
    RunPolicy,
    RunState,
    ScheduleKind,
    Source,
    Strategy,
)


class Lane(models.Model):
    """From a storage location to a transit zone: days on the carrier's calendar, and what it costs (minor units)."""

    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="lanes")
    transit_zone = models.CharField(max_length=20)
    transit_days = models.SmallIntegerField()
    carrier = models.CharField(max_length=60, blank=True, default="")
    carrier_calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    unit_cost = models.BigIntegerField(default=0)
    shipment_cost = models.BigIntegerField(default=0)
    assumed_after_days = models.SmallIntegerField(db_default=5, help_text=_("days after the planned day on which delivery is assumed"))

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["location", "transit_zone"], name="lane_once"),
            models.CheckConstraint(name="lane_days", condition=Q(transit_days__gte=0, assumed_after_days__gte=0)),
        ]


class LaneStamp(models.Model):
    """One row whose value moves with every change of lanes, locations or calendars, so that caches know (trigger)."""

    value = models.BigIntegerField(db_default=1)


class LivePlan(models.Model):
    """Which version of schedule lines is alive for an order."""

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="live_plan", primary_key=True)
    version = models.BigIntegerField()


class ScheduleLine(models.Model):
    """`quantity` of a line leaves `location` on `ship_date` and arrives on `delivery_date`."""

    version = models.BigIntegerField()
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="schedule_lines", db_index=False)
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="schedule_lines", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+", db_index=False)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(max_length=6, choices=ScheduleKind.choices)
    ship_date = models.DateField()
    delivery_date = models.DateField()
    quantity = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="schedule_quantity", condition=Q(quantity__gt=0))]
        indexes = [
            models.Index(fields=["order", "version"], name="schedule_of_order"),
            models.Index(fields=["product", "location"], name="schedule_of_cell"),
            models.Index(fields=["location", "ship_date"], name="schedule_due"),
            models.Index(fields=["order", "version"], name="schedule_planned", condition=Q(kind="plan")),  # what is still to go
        ]


class Promise(models.Model):
    """What was said about a line: dates for `quantity`, its source and what bound it. Append-only."""

    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="promises")
    kind = models.CharField(max_length=10, choices=PromiseKind.choices)
    version = models.BigIntegerField(help_text=_("version of the schedule lines it stands on"))
    quantity = models.BigIntegerField()
    ship_date = models.DateField(null=True)
    delivery_date = models.DateField(null=True)
    source = models.CharField(max_length=10, choices=Source.choices)
    binding = models.CharField(max_length=20, db_default="")
    basis = models.JSONField(default=dict)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line"], name="promise_first_once", condition=Q(kind="first")),
            models.CheckConstraint(name="promise_quantity", condition=Q(quantity__gte=0)),
        ]


class Allocation(models.Model):
    """Stock pinned to a line in one balance; live = quantity − shipped − released, `picked` of it is in the cart."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="allocations")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="allocations")
    balance = models.ForeignKey(Balance, on_delete=models.PROTECT, related_name="+")
    quantity = models.BigIntegerField()
    picked = models.BigIntegerField(db_default=0)
    shipped = models.BigIntegerField(db_default=0)
    released = models.BigIntegerField(db_default=0)
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="allocation_quantities",
                condition=Q(quantity__gt=0, picked__gte=0, shipped__gte=0, released__gte=0)
                & Q(quantity__gte=F("shipped") + F("released"))
                & Q(quantity__gte=F("picked")),
            ),
        ]

    @property
    def live(self) -> int:
        return self.quantity - self.shipped - self.released


class RankPolicy(models.Model):
    """One version of the rules of rank, append-only; the highest version holds (orders.planning.domain.ranking)."""

    version = models.IntegerField(unique=True)
    active_from = models.DateTimeField()
    factors = ArrayField(models.CharField(max_length=20))
    strategies = models.JSONField(default=dict, help_text=_("customer class → strategy, where it is not the default"))
    default_strategy = models.CharField(max_length=10, choices=Strategy.choices, default=Strategy.IMPROVE)
    criticality_allowance = models.SmallIntegerField(help_text=_("orders a post may make more critical in a month"))
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = _("rank policies")
        constraints = [models.CheckConstraint(name="rank_policy_allowance", condition=Q(criticality_allowance__gte=0))]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.version}"


class CriticalityUse(models.Model):
    """How many orders a post made more critical in a month: a counter, guarded by the allowance when it is raised."""

    post = models.ForeignKey(Post, on_delete=models.PROTECT, related_name="+", db_index=False)
    month = models.DateField()
    used = models.IntegerField(db_default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["post", "month"], name="criticality_use_once"),
            models.CheckConstraint(name="criticality_used", condition=Q(used__gte=0)),
        ]


class CriticalityChange(models.Model):
    """An order made more or less critical, by whom and from which post; append-only, the reason stands in its event."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="criticality_changes")
    post = models.ForeignKey(Post, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    before = models.SmallIntegerField()
    after = models.SmallIntegerField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [models.Index(fields=["at"], name="criticality_change_at")]


class PlanRun(models.Model):
    """One planning of the whole backlog: its policy, its certificate, and whether it was published, held or undone.

    `version` names its schedule lines. `slot` is the occasion, so that a run that died is taken up again.
    """

    version = models.BigIntegerField(unique=True)
    policy = models.CharField(max_length=10, choices=RunPolicy.choices, default=RunPolicy.IMPROVE)
    state = models.CharField(max_length=10, choices=RunState.choices)
    slot = models.CharField(max_length=100, blank=True, db_default="")
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    decided_at = models.DateTimeField(null=True)
    certificate = models.JSONField(default=dict)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["state"], name="plan_run_one_active", condition=Q(state=RunState.RUNNING)
            ),
        ]


class PlanChange(models.Model):
    """What a run does, or would do, to one order line. `facts` is a digest of what the order's plan stood on; `base` the
    version that was alive (0: none)."""

    run = models.ForeignKey(PlanRun, on_delete=models.PROTECT, related_name="changes", db_index=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="+")
    line = models.ForeignKey(OrderLine, on_delete=models.PROTECT, related_name="+", db_index=False)
    place = models.IntegerField(help_text=_("the order's place by rank in this run"))
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    state = models.CharField(max_length=10, choices=ChangeState.choices)
    before_date = models.DateField(null=True)
    before_quantity = models.BigIntegerField()
    after_date = models.DateField(null=True)
    after_quantity = models.BigIntegerField()
    amount = models.DecimalField(max_digits=18, decimal_places=3)
    reason = models.CharField(max_length=20)
    other_order = models.ForeignKey(Order, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    base = models.BigIntegerField()
    facts = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "line", "outcome"], name="plan_change_once")]
        indexes = [models.Index(fields=["run", "outcome", "place"], name="plan_change_of_run")]
