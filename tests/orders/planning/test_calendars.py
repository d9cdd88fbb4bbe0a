"""Cut-off and delivery across clock changes, the year's end and holidays; days are local to the location."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import pytest

from orders.planning.selectors.network import LaneRow, Network

pytestmark = pytest.mark.unit
FIRST = date(2026, 1, 1)
WEEK, CARRIER, CUSTOMER = 1, 2, 3


def lane(zone: str = "Europe/Paris", transit: int = 1, lead: int = 0) -> LaneRow:
    return LaneRow(1, "LYON", zone, WEEK, lead, time(14), 1, None, "FR", transit, "Post", CARRIER, 0, 0)


def net(*holidays: date, carrier: tuple[date, ...] = (), customer: tuple[date, ...] = ()) -> Network:
    days = [FIRST + timedelta(days=n) for n in range(500)]
    closed = {WEEK: holidays, CARRIER: carrier, CUSTOMER: customer}
    calendars = {c: tuple(d.weekday() < 5 and d not in off for d in days) for c, off in closed.items()}
    return Network(1, FIRST, {"FR": (lane(),)}, calendars)


@pytest.mark.parametrize(("now", "ships"), [
    (datetime(2026, 3, 27, 13, 0, tzinfo=UTC), date(2026, 3, 27)),  # Friday 14:00 winter time: still today
    (datetime(2026, 3, 27, 13, 0, 1, tzinfo=UTC), date(2026, 3, 30)),  # a second later: Monday, after the clocks went on
    (datetime(2026, 3, 30, 12, 0, tzinfo=UTC), date(2026, 3, 30)),  # Monday 14:00 summer time
    (datetime(2026, 3, 30, 12, 0, 1, tzinfo=UTC), date(2026, 3, 31)),
    (datetime(2026, 10, 23, 12, 0, 1, tzinfo=UTC), date(2026, 10, 26)),  # Friday before the clocks went back
    (datetime(2026, 10, 26, 13, 0, tzinfo=UTC), date(2026, 10, 26)),
    (datetime(2026, 10, 26, 13, 0, 1, tzinfo=UTC), date(2026, 10, 27)),
])  # fmt: skip
def test_the_cut_off_is_local_on_both_sides_of_a_clock_change(now: datetime, ships: date) -> None:
    assert net().earliest_ship(lane(), now) == ships


def test_midnight_turns_at_the_location() -> None:
    late = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)  # Friday 00:30 in Paris, still Thursday 18:30 in New York
    assert net().earliest_ship(lane(), late) == date(2027, 1, 1)
    assert net(date(2027, 1, 1)).earliest_ship(lane(), late) == date(2027, 1, 4)
    assert net().earliest_ship(lane("America/New_York"), late) == date(2027, 1, 1)
    assert net().earliest_ship(lane("America/New_York"), late - timedelta(hours=5)) == date(2026, 12, 31)


def test_delivery_goes_over_the_years_end_on_each_ones_own_days() -> None:
    new_year = date(2027, 1, 1)
    assert net().deliver(lane(), CUSTOMER, date(2026, 12, 31)) == new_year
    assert net(carrier=(new_year,)).deliver(lane(), CUSTOMER, date(2026, 12, 31)) == date(2027, 1, 4)
    assert net(customer=(new_year, date(2027, 1, 4))).deliver(lane(), CUSTOMER, date(2026, 12, 31)) == date(2027, 1, 5)
    assert net().deliver(lane(transit=3), CUSTOMER, date(2026, 12, 30)) == date(2027, 1, 4)


def test_lead_time_counts_the_locations_working_days_over_a_clock_change() -> None:
    assert net(date(2026, 3, 30)).earliest_ship(lane(lead=2), datetime(2026, 3, 27, 10, tzinfo=UTC)) == date(2026, 4, 1)


def test_arrival_never_goes_back_from_day_to_day() -> None:
    arrivals, latest = net(date(2026, 12, 25), carrier=(date(2026, 12, 28),)).table(lane(), CUSTOMER, 420)
    assert all(a <= b for a, b in zip(arrivals, arrivals[1:], strict=False))
    assert all(arrivals[latest[a]] <= a for a in range(arrivals[0], arrivals[-1]) if latest[a] >= 0)
