"""Deliveries nobody spoke of are assumed, every morning."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from oms.company.selectors import company_zone
from oms.jobs.registry import Running, job
from orders.fulfilment.services import assume_delivered, due_to_assume


@job("fulfilment.assume_delivered", daily_at="06:00")
def assume(running: Running) -> dict[str, Any]:
    """Shipment by shipment; a second run of the day finds nothing."""
    due = due_to_assume(timezone.localdate(timezone=company_zone()))
    assumed = 0
    for n, shipment_id in enumerate(due, 1):
        assumed += assume_delivered(shipment_id, by=running.by)
        running.progress(n, len(due))
    return {"assumed": assumed}
