"""The network of lanes: which location reaches which zone, on what days, at what cost; cached until its stamp moves.

Calendars become plain tuples of booleans over a horizon of days; the pure kernel does the arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from zoneinfo import ZoneInfo

from django.db import connection

from oms.company.selectors import working_days
from orders.planning.domain.calendars import inverse

HORIZON_DAYS = 400
BACK_DAYS = 31

LANES = """
SELECT lane.location_id, location.code, location.timezone, location.calendar_id, location.lead_time_days,
       location.cut_off, location.release_window_days, location.capacity, lane.transit_zone, lane.transit_days,
       lane.carrier, lane.carrier_calendar_id, lane.unit_cost, lane.shipment_cost
FROM orders_lane lane JOIN inventory_storagelocation location ON location.id = lane.location_id
WHERE location.active ORDER BY lane.transit_zone, lane.location_id
"""


@dataclass(frozen=True)
class LaneRow:
    """One lane with its location's clock and calendars."""

    location_id: int
    location_code: str
    timezone: str
    calendar_id: int
    lead_time_days: int
    cut_off: time
    release_window_days: int
    capacity: int | None
    transit_zone: str
    transit_days: int
    carrier: str
    carrier_calendar_id: int | None
    unit_cost: int
    shipment_cost: int


@dataclass(frozen=True)
class Network:
    """All lanes by zone, and every calendar as a tuple of worked days from `first` on."""

    stamp: int
    first: date
    by_zone: dict[str, tuple[LaneRow, ...]]
    calendars: dict[int, tuple[bool, ...]]
    tables: dict[tuple[int, str, int | None, int], tuple[list[int], list[int]]] = field(default_factory=dict)

    def worked(self, calendar_id: int | None, day: date) -> bool:
        """Whether the calendar works on `day`; without a calendar every day is worked; past the horizon Mon–Fri."""
        if calendar_id is None:
            return True
        days = self.calendars[calendar_id]
        n = (day - self.first).days
        return days[n] if 0 <= n < len(days) else day.weekday() < 5

    def next_worked(self, calendar_id: int | None, day: date) -> date:
        """The first worked day from `day` on (a calendar that never works within a year gives the 366th day)."""
        for _n in range(366):
            if self.worked(calendar_id, day):
                return day
            day += timedelta(days=1)
        return day

    def add_worked(self, calendar_id: int | None, day: date, count: int) -> date:
        """`count` worked days after `day`."""
        for _n in range(count):
            day = self.next_worked(calendar_id, day + timedelta(days=1))
        return day

    def earliest_ship(self, lane: LaneRow, now: datetime) -> date:
        """First day the location can hand over: today (tomorrow after the cut-off), worked, plus its lead time."""
        local = now.astimezone(ZoneInfo(lane.timezone))
        day = local.date() + timedelta(days=1 if local.time() > lane.cut_off else 0)
        return self.add_worked(lane.calendar_id, self.next_worked(lane.calendar_id, day), lane.lead_time_days)

    def deliver(self, lane: LaneRow, receiving: int | None, ship: date) -> date:
        """When goods handed over on `ship` arrive: transit on the carrier's days, then a day the customer receives."""
        arrived = self.add_worked(lane.carrier_calendar_id, ship, lane.transit_days)
        return self.next_worked(receiving, self.next_worked(lane.carrier_calendar_id, arrived))

    def table(self, lane: LaneRow, receiving: int | None, days: int) -> tuple[list[int], list[int]]:
        """Arrival by ship day, and the last ship day by arrival, for `days` days; all count from `first`. Kept."""
        key = (lane.location_id, lane.transit_zone, receiving, days)
        if key not in self.tables:
            arrivals = [
                (self.deliver(lane, receiving, self.next_worked(lane.calendar_id, self.first + timedelta(days=n))) - self.first).days
                for n in range(days)
            ]
            arrivals = list(accumulate(arrivals, max))
            self.tables[key] = (arrivals, inverse(arrivals, arrivals[-1] + 1))
        return self.tables[key]


_cached: Network | None = None
_past: Network | None = None


def network(stamp: int | None = None, on: date | None = None) -> Network:
    """The network of today; `stamp` is the value just read of LaneStamp (None reads it: one more statement).

    Asked `on` a day further back than the look-back (history), its calendars begin before that day's month.
    """
    global _cached, _past
    if stamp is None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT value FROM orders_lanestamp")
            stamp = cursor.fetchone()[0]
    first = date.today() - timedelta(days=BACK_DAYS)
    if on is not None and on < first:
        first = on.replace(day=1) - timedelta(days=BACK_DAYS)
        if _past is None or (_past.stamp, _past.first) != (stamp, first):
            _past = load(stamp, first)
        return _past
    if _cached is None or (_cached.stamp, _cached.first) != (stamp, first):
        _cached = load(stamp, first)
    return _cached


def load(stamp: int, first: date) -> Network:
    """Read lanes and all calendars (two or three statements)."""
    with connection.cursor() as cursor:
        cursor.execute(LANES)
        lanes = [LaneRow(*row) for row in cursor.fetchall()]
        cursor.execute("SELECT id FROM oms_calendar")
        ids = [row[0] for row in cursor.fetchall()]
    by_zone: dict[str, list[LaneRow]] = {}
    for lane in lanes:
        by_zone.setdefault(lane.transit_zone, []).append(lane)
    calendars = working_days(ids, first, first + timedelta(days=HORIZON_DAYS))
    return Network(stamp, first, {zone: tuple(rows) for zone, rows in by_zone.items()}, calendars)
