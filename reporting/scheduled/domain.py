"""On which day a report is sent next. Pure."""

from __future__ import annotations

from datetime import date, timedelta

from oms.kernel.dates import next_month


def next_day(cadence: str, after: date) -> date:
    """The first day of its cadence after a day: the next one, the next Monday, the next first of a month."""
    if cadence == "weekly":
        return after + timedelta(days=7 - after.weekday())
    if cadence == "monthly":
        return next_month(after)
    return after + timedelta(days=1)
