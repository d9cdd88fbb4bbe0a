"""Wakes a worker. What there is to do stands in the database, so a lost ring costs time, never work."""

from __future__ import annotations

import logging
from typing import Any

from celery import current_app
from django.conf import settings

log = logging.getLogger(__name__)


def ring(task: str, *args: Any) -> bool:
    """Ask a worker to run `task`; False when there is no broker or it does not answer (the sweep rings again)."""
    if not getattr(settings, "CELERY_BROKER_URL", ""):
        return False
    try:
        current_app.send_task(task, args=args, retry=False, ignore_result=True)
    except Exception as error:  # the transport raises its own errors, whatever the broker is
        log.warning("the broker did not take a ring for %s: %s", task, error)
        return False
    return True
