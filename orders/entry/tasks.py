"""Holds looked at again every few minutes: expiries, releases that ran out, and whatever an event told too early."""

from __future__ import annotations

from datetime import timedelta

from django.utils.timezone import now

from oms.jobs.registry import Running, job
from orders.entry.services import recheck
from orders.holds.selectors import to_look_at


@job("holds.recheck", every=timedelta(minutes=10))
def recheck_holds(running: Running) -> dict[str, int]:
    """Every order that may go on, one transaction each; running it again finds nothing left to do."""
    orders = to_look_at(now())
    ended = 0
    for n, order_id in enumerate(orders, 1):
        ended += len(recheck(order_id, by=running.by))
        running.progress(n, len(orders))
    return {"looked_at": len(orders), "ended": ended}
