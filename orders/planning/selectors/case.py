"""What an explanation is made from: the cells as the order sees them, who else books there, and asking again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.db import connection

from inventory.catalog.models import StorageLocation
from inventory.stock.domain import ALREADY, Cell, booking_delta
from inventory.stock.selectors import CellRow
from orders.planning.domain.ranking import Standing
from orders.planning.domain.why import Holder, Service, served
from orders.planning.selectors.network import LaneRow, Network
from orders.planning.selectors.placing import Ask, place_on

PLENTY = 1 << 40
LOOK_BACK = 60

BOOKINGS = """
SELECT s.order_id, s.kind = 'plan', o.customer_class, o.criticality, o.requested_date, line.rank_date,
       o.number, c.name, location.code, s.ship_date, s.quantity
FROM orders_scheduleline s
JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
JOIN orders_order o ON o.id = s.order_id
JOIN orders_orderline line ON line.id = s.line_id
JOIN customers_customer c ON c.id = o.customer_id
JOIN inventory_storagelocation location ON location.id = s.location_id
WHERE s.product_id = %s ORDER BY s.id
"""
WANTED = """
SELECT o.id, bool_or(line.quantity_approved > line.quantity_shipped + line.quantity_allocated), o.customer_class,
       o.criticality, o.requested_date, min(line.rank_date)
FROM orders_orderline line JOIN orders_order o ON o.id = line.order_id
WHERE line.product_id = %s AND o.status IN ('submitted', 'approved')
  AND line.quantity_ordered > line.quantity_cancelled + line.quantity_shipped + line.quantity_allocated
GROUP BY o.id
"""


@dataclass(frozen=True)
class Case:
    """One line's question: the order's `ask`, the line's `key` in it, the cells with its own bookings given back."""

    ask: Ask
    key: int
    product_id: int
    quantity: int
    cells: tuple[CellRow, ...]
    lanes: Network

    @property
    def of_zone(self) -> tuple[LaneRow, ...]:
        """The lanes that lead to the customer."""
        return self.lanes.by_zone.get(self.ask.zone, ())

    def cell(self, location_id: int) -> Cell:
        """The line's product at a location, empty where there is none."""
        for c in self.cells:
            if (c.product_id, c.location_id) == (self.product_id, location_id):
                return Cell(tuple(c.days), tuple(c.free))
        return Cell((ALREADY,), (0,))

    def service(self) -> Service:
        """How the line would be served."""
        rows = place_on(self.ask, self.cells, self.lanes).rows_of(self.key)
        return served([(row.delivery_date, row.quantity) for row in rows], self.quantity)

    def at(self, moment: datetime) -> Case:
        """The same question asked at another moment."""
        return replace(self, ask=replace(self.ask, now=moment))

    def by(self, *, rule: int | None = None, shipments: int | None = None, split: bool = False) -> Case:
        """The order free of its delivery rule, of its number of shipments, or its lines free to be split."""
        lines = tuple(replace(x, no_split=False) for x in self.ask.lines) if split else self.ask.lines
        ask = replace(self.ask, lines=lines)
        ask = ask if rule is None else replace(ask, delivery_rule=rule)
        return replace(self, ask=ask if shipments is None else replace(ask, max_shipments=shipments))

    def without_limits(self) -> Case:
        """Locations of any capacity."""
        zone = tuple(replace(lane, capacity=None) for lane in self.of_zone)
        return replace(self, lanes=replace(self.lanes, by_zone={**self.lanes.by_zone, self.ask.zone: zone}))

    def without_holidays(self) -> Case:
        """Every day worked by everybody."""
        calendars = {code: (True,) * len(days) for code, days in self.lanes.calendars.items()}
        return replace(self, lanes=replace(self.lanes, calendars=calendars, tables={}))  # its own: the kept ones know the holidays

    def with_plenty(self) -> Case:
        """More of the line's product than anybody needs, at once, wherever a lane begins."""
        others = [c for c in self.cells if c.product_id != self.product_id]
        plenty = [
            CellRow(-n, self.product_id, lane.location_id, 0, 0, 0, (ALREADY,), (PLENTY,))
            for n, lane in enumerate(self.of_zone, 1)
        ]
        return replace(self, cells=tuple(others + plenty))

    def with_more(self, location_id: int, day: date, quantity: int) -> Case:
        """`quantity` more of the product at a location from `day` on."""
        cell = self.cell(location_id)
        days = tuple(sorted({*cell.days, day}))
        free = tuple(
            cell.free[max(i for i, d in enumerate(cell.days) if d <= at)] + (quantity if at >= day else 0) for at in days
        )
        others = [c for c in self.cells if (c.product_id, c.location_id) != (self.product_id, location_id)]
        made = CellRow(-1_000, self.product_id, location_id, 0, 0, 0, days, free)
        return replace(self, cells=(*others, made))

    def latest(self, lane: LaneRow) -> date | None:
        """The last day on which goods handed over at the lane's location are in time; None when that is past."""
        first = self.lanes.earliest_ship(lane, self.ask.now)
        day = self.ask.requested_date
        for _n in range(LOOK_BACK):
            if day < first:
                return None
            if self.lanes.worked(lane.calendar_id, day) and self.arrival(lane, day) <= self.ask.requested_date:
                return day
            day -= timedelta(days=1)
        return None

    def arrival(self, lane: LaneRow, day: date) -> date:
        """When goods that may leave on `day` arrive."""
        ship = self.lanes.next_worked(lane.calendar_id, day)
        return self.lanes.deliver(lane, self.ask.receiving_calendar_id, ship)


def given_back(cells: Iterable[CellRow], rows: Iterable[tuple[int, int, date, int]]) -> tuple[CellRow, ...]:
    """The cells after (product, location, ship day, quantity) rows are taken off them."""
    found = {(c.product_id, c.location_id): c for c in cells}
    for product, location, day, quantity in rows:
        cell = found.get((product, location))
        if cell is not None:
            delta = booking_delta(cell.days, day, -quantity)
            found[product, location] = cell._replace(free=tuple(f + d for f, d in zip(cell.free, delta, strict=True)))
    return tuple(found.values())


def others_booked(product_id: int, order_id: int) -> list[tuple[Standing, Holder]]:
    """Live bookings of the product by other orders. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(BOOKINGS, [product_id])
        rows = cursor.fetchall()
    return [
        (Standing(*row[:6]), Holder(False, row[0], *row[6:]))
        for row in rows
        if row[0] != order_id
    ]


def wanting(product_id: int) -> list[Standing]:
    """Every order with something open or pending of the product. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(WANTED, [product_id])
        return [Standing(*row) for row in cursor.fetchall()]


def location_names(ids: Collection[int]) -> Mapping[int, tuple[str, str]]:
    """Location id → (code, name). One statement."""
    rows: Sequence[tuple[int, str, str]] = list(StorageLocation.objects.filter(pk__in=ids).values_list("pk", "code", "name"))
    return {pk: (code, name) for pk, code, name in rows}
