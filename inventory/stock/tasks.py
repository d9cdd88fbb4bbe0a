"""Each day's stock is closed a quarter after midnight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from inventory.stock.services.closing import close_day
from oms.company.selectors import company_zone
from oms.jobs.registry import Running, job


@job("stock.close_day", daily_at="00:15")
def close_yesterday(running: Running) -> dict[str, Any]:
    """Yesterday, in the company's zone; a second run finds it closed."""
    yesterday = timezone.localdate(timezone=company_zone()) - timedelta(days=1)
    closed = close_day(yesterday, by=running.by)
    return {"day": yesterday.isoformat(), "units": closed.units if closed else None}
