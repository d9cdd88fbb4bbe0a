"""Reads of jobs, for progress on pages."""

from __future__ import annotations

from oms.jobs.models import Job


def job_of(kind: str, slot: str) -> Job | None:
    """The job of an occasion, or None."""
    return Job.objects.filter(kind=kind, slot=slot).first()


def recent(limit: int = 50) -> list[Job]:
    """The latest jobs with who asked, newest first."""
    return list(Job.objects.select_related("by").order_by("-created_at", "-pk")[:limit])
