"""The plan run as a job: every night at half past two, and whenever a manager asks."""

from __future__ import annotations

from typing import Any

from oms.jobs.registry import Running, job
from orders.planning.services import run


@job("planning.run", daily_at="02:30")
def plan_run(running: Running) -> dict[str, Any]:
    """Plan the backlog; goes on where an earlier attempt of the same slot stopped."""
    return run(running.progress, by=running.by, slot=running.slot)
