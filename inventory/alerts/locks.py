"""Locks of alerts: before everything a look at stock could touch, it touches nothing else."""

from __future__ import annotations

from inventory.alerts.models import StockAlert


def lock_standing() -> list[StockAlert]:
    """All standing alerts, locked, sorted."""
    return list(StockAlert.objects.select_for_update(no_key=True).filter(cleared_at__isnull=True).order_by("pk"))
