"""Deliveries nobody spoke of are assumed, every morning; waves are released by their timetable."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from oms.company.selectors import company_zone
from oms.jobs.registry import Running, job
from oms.kernel.errors import Conflict
from orders.fulfilment.services import assume_delivered, due_to_assume, fill_wave, open_wave, waves_due


@job("fulfilment.assume_delivered", daily_at="06:00")
def assume(running: Running) -> dict[str, Any]:
    """Shipment by shipment; a second run of the day finds nothing."""
    due = due_to_assume(timezone.localdate(timezone=company_zone()))
    assumed = 0
    for n, shipment_id in enumerate(due, 1):
        assumed += assume_delivered(shipment_id, by=running.by)
        running.progress(n, len(due))
    return {"assumed": assumed}


@job("fulfilment.waves", every=timedelta(minutes=5))
def waves(running: Running) -> dict[str, Any]:
    """Open the waves whose time has come; one that is still being filled comes next time."""
    opened = 0
    for location, due_at in waves_due(timezone.now()):
        try:
            open_wave(location, by=running.by, due_at=due_at)
            opened += 1
        except Conflict:
            continue
    return {"opened": opened}


@job("fulfilment.fill_wave")
def fill(running: Running) -> dict[str, Any]:
    """Fill one wave."""
    return {"shipments": fill_wave(running.params["wave"], running.progress, by=running.by)}
