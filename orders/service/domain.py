"""The service clock: it runs in the working hours of working days only. Pure; a day's worth of hours is asked of the caller."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FARTHEST = 400

Worked = Callable[[date], bool]


@dataclass(frozen=True)
class Hours:
    """The hours of a working day in a zone: from `opens` up to `closes`."""

    opens: time
    closes: time
    zone: ZoneInfo

    def of(self, day: date) -> tuple[datetime, datetime]:
        """Start and end of the hours of a day, in UTC (so that differences are true on days of clock changes)."""
        return tuple(datetime.combine(day, t, self.zone).astimezone(UTC) for t in (self.opens, self.closes))  # type: ignore[return-value]


def due(start: datetime, amount: timedelta, hours: Hours, worked: Worked) -> datetime:
    """The moment at which `amount` of working time has passed since `start`; at most FARTHEST days ahead."""
    left, day = amount, start.astimezone(hours.zone).date()
    for _n in range(FARTHEST):
        opens, closes = hours.of(day)
        begin = max(opens, start)
        if worked(day) and begin < closes:
            if left <= closes - begin:
                return begin + left
            left -= closes - begin
        day += timedelta(days=1)
    return hours.of(day)[1]


def worked_between(start: datetime, end: datetime, hours: Hours, worked: Worked) -> timedelta:
    """The working time between two moments; 0 when the end comes first."""
    total, day = timedelta(), start.astimezone(hours.zone).date()
    last = min(end.astimezone(hours.zone).date(), day + timedelta(days=FARTHEST))
    while day <= last:
        opens, closes = hours.of(day)
        begin, stop = max(opens, start), min(closes, end)
        if worked(day) and begin < stop:
            total += stop - begin
        day += timedelta(days=1)
    return total
