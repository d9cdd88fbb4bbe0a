"""Alerts are looked for every hour."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from inventory.alerts.services import refresh_alerts
from oms.jobs.registry import Running, job


@job("stock.alerts", every=timedelta(hours=1))
def look(running: Running) -> dict[str, Any]:
    """One look at all stock; a second one in the same hour finds nothing new."""
    raised, cleared = refresh_alerts(by=running.by)
    return {"raised": raised, "cleared": cleared}
