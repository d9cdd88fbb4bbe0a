"""`place`: the one way a quantity gets a location and a date.

It reads the cells of the products in one statement and asks the pure kernel; it serves the hint, the commit, the
approval and the re-planning of one order alike, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from inventory.stock.domain import Cell, booking_delta, bucket
from inventory.stock.selectors import CellRow, cells_for
from inventory.stock.services import Booking
from orders.planning.choices import Source
from orders.planning.domain import simple
from orders.planning.selectors.network import LaneRow, Network, network


@dataclass(frozen=True)
class AskLine:
    """`key` names the line to the caller; quantity in base units."""

    key: int
    product_id: int
    quantity: int
    no_split: bool


@dataclass(frozen=True)
class Ask:
    """What is to be placed: one order's demand, as of `now` (UTC)."""

    customer_class: int
    criticality: int
    requested_date: date
    now: datetime
    zone: str
    receiving_calendar_id: int | None
    delivery_rule: int
    max_shipments: int
    lines: tuple[AskLine, ...]


@dataclass(frozen=True)
class PlacedRow:
    """`quantity` of line `key` leaves `location_id` on `ship_date` and arrives on `delivery_date`."""

    key: int
    product_id: int
    location_id: int
    location_code: str
    ship_date: date
    delivery_date: date
    quantity: int
    from_receipt: bool


@dataclass(frozen=True)
class Told:
    """A promise: so much, dated by its last part; `source` and what bound it."""

    quantity: int
    ship_date: date | None
    delivery_date: date | None
    source: str
    constraint: str


@dataclass(frozen=True)
class Placed:
    """The answer of `place`: rows, the bookings that would write it, what bound each line, stock now by location."""

    rows: tuple[PlacedRow, ...]
    bookings: tuple[Booking, ...]
    constraints: Mapping[int, str]
    shelves: Mapping[int, tuple[tuple[str, int], ...]]
    reachable: bool = True

    def rows_of(self, key: int) -> list[PlacedRow]:
        """The parts of one line, by ship date."""
        return [row for row in self.rows if row.key == key]

    def promised(self, key: int) -> int:
        """How much of the line has a date."""
        return sum(row.quantity for row in self.rows_of(key))

    def on_hand(self, product_id: int) -> tuple[tuple[str, int], ...]:
        """(location code, free now) for display."""
        return self.shelves.get(product_id, ())

    def promise(self, key: int) -> Told:
        """The line's promise: dated by its last part."""
        rows = self.rows_of(key)
        if not rows:
            return Told(0, None, None, Source.NONE.value, self.constraints.get(key, "supply"))
        source = Source.RECEIPT if any(row.from_receipt for row in rows) else Source.STOCK
        return Told(
            sum(row.quantity for row in rows),
            max(row.ship_date for row in rows),
            max(row.delivery_date for row in rows),
            source.value,
            self.constraints.get(key, ""),
        )


NOTHING = Placed((), (), {}, {})


def place(ask: Ask, lane_stamp: int | None = None, locked: bool = False) -> Placed:
    """Place one order as of now on the present availability. `locked` takes the cells' locks, sorted (second try).

    One statement when the network is warm. What finds no supply is left out of the rows.
    """
    if not ask.lines:
        return NOTHING
    cells = cells_for({line.product_id for line in ask.lines}, lock=locked)
    return place_on(ask, cells, network(lane_stamp))


def place_on(ask: Ask, cells: Sequence[CellRow], lanes: Network) -> Placed:
    """`place` on given cells and lanes; nothing is read."""
    rows_of_zone = lanes.by_zone.get(ask.zone, ())
    codes = {lane.location_id: lane.location_code for lane in rows_of_zone}
    known = {(c.product_id, c.location_id): c for c in cells if c.location_id in codes}
    wants = [simple.Want(x.key, x.product_id, x.quantity, x.no_split) for x in ask.lines]
    placed = simple.place(
        wants,
        {key: Cell(tuple(c.days), tuple(c.free)) for key, c in known.items()},
        [site_of(lanes, lane, ask) for lane in rows_of_zone],
        ask.requested_date,
        ask.delivery_rule,
    )
    rows = tuple(
        PlacedRow(r.key, r.product_id, r.location_id, codes[r.location_id], r.ship, r.arrive, r.quantity,
                  bucket(known[r.product_id, r.location_id].days, r.ship) > 0)
        for r in placed
    )  # fmt: skip
    shelves: dict[int, list[tuple[str, int]]] = {}
    for (product_id, location_id), c in sorted(known.items()):
        shelves.setdefault(product_id, []).append((codes[location_id], max(0, c.free[0])))
    return Placed(
        rows,
        bookings_for(rows, known),
        {x.key: binding(x, rows, ask.requested_date, bool(rows_of_zone)) for x in ask.lines},
        {product: tuple(found) for product, found in shelves.items()},
        bool(rows_of_zone),
    )


def site_of(lanes: Network, lane: LaneRow, ask: Ask) -> simple.Site:
    """A lane as the kernel sees it: first ship day from now, and its calendar both ways."""
    first = lanes.earliest_ship(lane, ask.now)

    def deliver(day: date) -> date:
        return lanes.deliver(lane, ask.receiving_calendar_id, lanes.next_worked(lane.calendar_id, day))

    def latest_for(arrival: date) -> date | None:
        day = arrival - timedelta(days=lane.transit_days)
        for _n in range(31):
            if day < first:
                return None
            if lanes.worked(lane.calendar_id, day) and deliver(day) <= arrival:
                return day
            day -= timedelta(days=1)
        return None

    return simple.Site(lane.location_id, first, deliver, latest_for, lane.unit_cost, lane.shipment_cost)


def bookings_for(rows: Sequence[PlacedRow], known: Mapping[tuple[int, int], CellRow]) -> tuple[Booking, ...]:
    """One booking a cell: its summed change, against the layout that was read."""
    deltas: dict[tuple[int, int], list[int]] = {}
    for r in rows:
        key = (r.product_id, r.location_id)
        change = booking_delta(known[key].days, r.ship_date, r.quantity)
        deltas[key] = [a + b for a, b in zip(deltas.get(key, [0] * len(change)), change, strict=True)]
    return tuple(
        Booking(known[key].id, known[key].layout_version, tuple(delta))
        for key, delta in sorted(deltas.items(), key=lambda item: known[item[0]].id)
    )


def binding(line: AskLine, rows: Sequence[PlacedRow], requested: date, reachable: bool) -> str:
    """What kept the line from being whole and in time: "" when nothing did."""
    mine = [r for r in rows if r.key == line.key]
    if not reachable:
        return "no_lane"
    if sum(r.quantity for r in mine) < line.quantity or any(r.from_receipt for r in mine):
        return "supply" if any(r.delivery_date > requested for r in mine) or not mine else ""
    return "lead_time" if any(r.delivery_date > requested for r in mine) else ""
