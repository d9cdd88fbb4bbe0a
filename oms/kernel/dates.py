"""Days and months, pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date


def later(day: date, months: int) -> date:
    """The same day some months later; the month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
    return later(day.replace(day=1), 1)
