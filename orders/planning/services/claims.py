"""Claims end: what nobody decided in time frees its stock, keeps its rank, and asks for a plan run."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F

from inventory.stock.locks import lock_cells_of_products
from oms.events.services import current, use_case
from oms.jobs.models import Job
from oms.jobs.services import enqueue
from orders.book.locks import lock_order
from orders.book.models import Order
from orders.book.services import subjects
from orders.planning.choices import ScheduleKind
from orders.planning.models import ScheduleLine
from orders.planning.selectors.live import live_lines
from orders.planning.services.order_plan import give_up

MOST = 500
RUN = "planning.run"


def expired(now: datetime) -> list[int]:
    """Orders whose claim ran out and still books stock, oldest first."""
    claims = ScheduleLine.objects.filter(kind=ScheduleKind.CLAIM, version=F("order__live_plan__version"), order__claim_expires_at__lt=now)
    due = Order.objects.filter(claim_expires_at__lt=now, status__in=["submitted", "approved"], pk__in=claims.values("order_id"))
    return list(due.order_by("claim_expires_at", "pk").values_list("pk", flat=True)[:MOST])


@use_case("planning.end_claim")
def end_claim(order_id: int, *, by: Any, at: datetime | None = None) -> int:
    """Give back what an order claims past its time; what is approved of it stays. Returns the units; 0 when it is not due."""
    order = lock_order(order_id)
    if order.claim_expires_at is None or order.claim_expires_at >= current().at or order.status not in ("submitted", "approved"):
        return 0
    rows = [r for r in live_lines([order_id]) if r.kind == ScheduleKind.CLAIM]
    if not rows:
        return 0
    units = sum(r.quantity for r in rows)
    lock_cells_of_products({r.product_id for r in rows})
    event = current().event("claim.expired", subjects(order.pk, order.customer_id), {"order": order.pk, "units": units})
    give_up(rows, {r.pk: r.quantity for r in rows}, event)
    return units


def end_claims(now: datetime, *, by: Any) -> dict[str, int]:
    """End every claim that ran out, each in its own transaction."""
    ended = [units for order_id in expired(now) if (units := end_claim(order_id, by=by, at=now))]
    return {"ended": len(ended), "units": sum(ended)}


@use_case("planning.ask")
def ask_for_run(name: str, *, by: Any, at: datetime | None = None, policy: str = "improve") -> int | None:
    """Ask for a plan run after news; while one waits that will see them, nothing is added. `name` tells occasions apart."""
    waiting = Job.objects.filter(kind=RUN, state=Job.State.WAITING, params__policy=policy, slot__startswith="news-")
    if waiting.exists():
        return None
    return enqueue(RUN, f"news-{policy}-{name}", by=by, params={"policy": policy})

