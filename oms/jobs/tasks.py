"""What the worker does for jobs, and the housekeeping that is one itself."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from oms.events import idempotency
from oms.jobs import services
from oms.jobs.registry import Running, job

TICK = "oms.jobs.tasks.tick"


@shared_task(name=TICK)
def tick() -> None:
    """Rung each minute by any number of schedulers; what is due stands in the database."""
    services.tick(timezone.now())


@shared_task(name=services.RUN)
def run(job_id: int) -> None:
    """Run one job, if it is still to be had."""
    services.run(job_id)


@job("idempotency.forget", daily_at="03:10")
def forget_idempotency_keys(running: Running) -> dict[str, int]:
    """Keys are kept 30 days (RELIABILITY.md section 6.5)."""
    return {"forgotten": idempotency.forget()}
