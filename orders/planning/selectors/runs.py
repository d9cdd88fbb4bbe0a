"""Reads of plan runs: what each does to whom, as far as one may see it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet

from oms.jobs.models import Job
from orders.book.models import OrderLine
from orders.book.selectors import visible_orders
from orders.planning.choices import RunState
from orders.planning.models import PlanChange, PlanRun

SHOWN = 500


def plan_runs() -> QuerySet[PlanRun]:
    """Every run, newest first."""
    return PlanRun.objects.select_related("by", "decided_by").order_by("-pk")


def proposals() -> QuerySet[PlanRun]:
    """Those that wait for a decision, newest first."""
    return plan_runs().filter(state=RunState.PROPOSED)


def changes_of(user: Any, run: PlanRun, customer: str = "", product: str = "") -> QuerySet[PlanChange]:
    """A run's changes to orders the user may see, by rank; narrowed by any part of a customer's or product's code or name."""
    found = PlanChange.objects.filter(run=run, order__in=visible_orders(user))
    if customer:
        found = found.filter(Q(order__customer__code__icontains=customer) | Q(order__customer__name__icontains=customer))
    if product:
        found = found.filter(Q(line__product__sku__icontains=product) | Q(line__product__name__icontains=product))
    return found.select_related("order__customer", "line__product", "other_order").order_by("place", "pk")


def unchanged_of(user: Any, run: PlanRun) -> QuerySet[OrderLine]:
    """Open goods lines that a run leaves as they are, as far as one may see them."""
    changed = PlanChange.objects.filter(run=run).values("line_id")
    return (
        OrderLine.objects.filter(order__in=visible_orders(user).filter(status__in=["submitted", "approved"]), product__isnull=False)
        .exclude(pk__in=changed)
        .select_related("order__customer", "product")
        .order_by("order_id", "position")
    )


def jobs_at_work() -> list[Job]:
    """Plan runs asked for and not over, with their progress."""
    return list(Job.objects.filter(kind="planning.run", state__in=["waiting", "running"]).select_related("by").order_by("pk"))
