"""Gathers the tasks of the rooms: Celery looks here."""

from oms.events.tasks import drain
from oms.jobs.tasks import run, tick

__all__ = ["drain", "run", "tick"]
