"""Days and months, and when to ask again, pure."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta

ASK_AGAIN = (1, 5, 15, 60)


def later(day: date, months: int) -> date:
    """The same day some months later; the month's last where it is shorter."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def next_month(day: date) -> date:
    """The first day of the month after that of a day."""
    return later(day.replace(day=1), 1)


def asked_again(now: datetime, attempts: int) -> datetime:
    """When somebody who did not answer is asked anew, after so many attempts before: in 1, 5, 15 minutes, then every hour."""
    return now + timedelta(minutes=ASK_AGAIN[min(attempts, len(ASK_AGAIN) - 1)])
