"""The plan run as a job: every night at half past two, whenever a manager asks, and after news that free stock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from oms.jobs.registry import Running, job
from orders.planning.services import run
from orders.planning.services.claims import end_claims


@job("planning.run", daily_at="02:30")
def plan_run(running: Running) -> dict[str, Any]:
    """Plan the backlog; goes on where an earlier attempt of the same slot stopped. `params`: policy, propose."""
    policy, propose = running.params.get("policy", "improve"), bool(running.params.get("propose"))
    return run(running.progress, by=running.by, slot=running.slot, policy=policy, propose=propose)


@job("planning.claims", every=timedelta(minutes=15))
def claims(running: Running) -> dict[str, Any]:
    """End the claims that ran out."""
    return end_claims(timezone.now(), by=running.by)
