"""The service clock: working hours of working days only, true over nights, weekends, holidays and clock changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.service.domain import Hours, due, worked_between

PARIS = ZoneInfo("Europe/Paris")
HOURS = Hours(time(9), time(17), PARIS)
HOLIDAY = date(2026, 5, 1)


def worked(day: date) -> bool:
    return day.weekday() < 5 and day != HOLIDAY


def paris(month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(("start", "hours", "end"), [
    (paris(4, 27, 10), 4, paris(4, 27, 14)),        # within the day
    (paris(4, 27, 16), 4, paris(4, 28, 12)),        # over the night
    (paris(4, 27, 20), 4, paris(4, 28, 13)),        # begun after hours
    (paris(4, 27, 6), 8, paris(4, 27, 17)),         # begun before hours, to the last minute
    (paris(4, 30, 16), 2, paris(5, 4, 10)),         # over a holiday and a weekend
    (paris(5, 2, 11), 1, paris(5, 4, 10)),          # begun on a Saturday
    (paris(3, 27, 16), 9, paris(3, 30, 17)),        # over the change to summer time
])  # fmt: skip
def test_when_so_many_working_hours_have_passed(start: datetime, hours: int, end: datetime) -> None:
    assert due(start, timedelta(hours=hours), HOURS, worked) == end
    assert worked_between(start, end, HOURS, worked) == timedelta(hours=hours)


def test_without_a_working_day_there_is_an_end_all_the_same() -> None:
    assert due(paris(4, 27, 10), timedelta(hours=1), HOURS, lambda _day: False) > paris(4, 27, 10) + timedelta(days=300)
    assert worked_between(paris(4, 28, 10), paris(4, 27, 10), HOURS, worked) == timedelta(0)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1)), st.integers(1, 20_000))
def test_the_time_between_start_and_due_is_what_was_asked(start: datetime, minutes: int) -> None:
    begun, amount = start.replace(tzinfo=UTC), timedelta(minutes=minutes)
    assert worked_between(begun, due(begun, amount, HOURS, worked), HOURS, worked) == amount
