from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from oms.jobs.domain import DailyAt, Every

BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def at(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("minutes", "now", "slot"),
    [
        (5, at(2026, 3, 2, 10, 7, 59), "2026-03-02T10:05Z"),
        (5, at(2026, 3, 2, 10, 5), "2026-03-02T10:05Z"),
        (1440, at(2026, 3, 2, 23, 59), "2026-03-02T00:00Z"),
    ],
)
def test_every_few_minutes_has_one_slot_a_period(minutes, now, slot):
    assert Every(timedelta(minutes=minutes)).slot(now, BERLIN) == slot


def test_a_rhythm_of_seconds_names_the_second():
    assert Every(timedelta(seconds=30)).slot(at(2026, 3, 2, 10, 7, 45), BERLIN) == "2026-03-02T10:07:30Z"


def test_the_rhythm_does_not_stumble_when_clocks_jump():
    slots = {Every(timedelta(minutes=30)).slot(at(2026, 3, 29, 0) + timedelta(minutes=m), BERLIN) for m in range(180)}
    assert len(slots) == 6


@pytest.mark.parametrize(
    ("zone", "now", "slot"),
    [
        (BERLIN, at(2026, 3, 2, 5, 29), None),
        (BERLIN, at(2026, 3, 2, 5, 30), "2026-03-02"),
        (BERLIN, at(2026, 3, 2, 17, 29), "2026-03-02"),
        (BERLIN, at(2026, 3, 2, 17, 30), None),
        (NEW_YORK, at(2026, 3, 3, 4, 0), None),
        (NEW_YORK, at(2026, 3, 2, 11, 30), "2026-03-02"),
    ],
)
def test_daily_work_is_due_from_its_local_time_and_made_up_for_twelve_hours(zone, now, slot):
    assert DailyAt(time(6, 30)).slot(now, zone) == slot


def test_work_late_in_the_evening_is_made_up_after_midnight():
    assert DailyAt(time(23, 30)).slot(at(2026, 3, 3, 0, 10), ZoneInfo("UTC")) == "2026-03-02"


def test_a_time_that_does_not_exist_runs_at_the_first_moment_after_it():
    # 29 March 2026, Berlin: 02:00 becomes 03:00
    assert DailyAt(time(2, 30)).slot(at(2026, 3, 29, 1, 29), BERLIN) is None
    assert DailyAt(time(2, 30)).slot(at(2026, 3, 29, 1, 30), BERLIN) == "2026-03-29"


def test_a_time_that_comes_twice_runs_the_first_time_and_once():
    # 25 October 2026, Berlin: 03:00 becomes 02:00; 02:30 is 00:30 UTC and 01:30 UTC
    daily = DailyAt(time(2, 30))
    assert daily.slot(at(2026, 10, 25, 0, 29), BERLIN) is None
    assert {daily.slot(at(2026, 10, 25, h, 30), BERLIN) for h in (0, 1, 2)} == {"2026-10-25"}


@pytest.mark.parametrize("zone", [BERLIN, NEW_YORK, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Pacific/Apia")])
def test_every_day_of_a_year_has_its_slot_once(zone):
    daily, moment = DailyAt(time(2, 15)), datetime(2026, 1, 1, 12, tzinfo=zone).astimezone(UTC)
    seen = [daily.slot(moment + timedelta(minutes=20 * n), zone) for n in range(365 * 72)]
    slots = [slot for slot, before in zip(seen, [None, *seen], strict=False) if slot and slot != before]
    assert len(slots) == len(set(slots)) == 365 + (slots[0] == "2026-01-01")
