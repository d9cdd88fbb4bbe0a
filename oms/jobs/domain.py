"""When scheduled work is due. Pure: the clock and the zone come in.

A slot names an occasion once: "2026-03-29" for work of a business day, "2026-03-29T10:05Z" for work every few minutes.
The day a clock jumps has one slot like every other: a time in the gap runs at the first moment after it, a time that
comes twice runs the first time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

MAKE_UP = timedelta(hours=12)


@dataclass(frozen=True)
class Every:
    """Work in a fixed rhythm, counted from midnight UTC of 1970; only the current slot is due, none is made up."""

    period: timedelta

    def slot(self, now: datetime, zone: ZoneInfo) -> str | None:
        seconds = int(self.period.total_seconds())
        start = datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
        return start.strftime("%Y-%m-%dT%H:%M:%SZ" if seconds % 60 else "%Y-%m-%dT%H:%MZ")


@dataclass(frozen=True)
class DailyAt:
    """Work once a business day at a local time; a slot missed by less than twelve hours is made up."""

    time: time

    def moment(self, day: date, zone: ZoneInfo) -> datetime:
        """When the slot of `day` begins, in UTC."""
        local = datetime.combine(day, self.time, tzinfo=zone)
        return local.astimezone(UTC)

    def slot(self, now: datetime, zone: ZoneInfo) -> str | None:
        today = now.astimezone(zone).date()
        for day in (today, today - timedelta(days=1)):
            if timedelta(0) <= now - self.moment(day, zone) < MAKE_UP:
                return day.isoformat()
        return None


Schedule = Every | DailyAt
