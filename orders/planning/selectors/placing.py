"""`place`: the one way a quantity gets a location and a date.

It reads the cells of the products in one statement and asks the pure kernel; it serves the hint, the commit, the
approval and the re-planning of one order alike, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property

from inventory.stock.domain import ALREADY, booking_delta, bucket
from inventory.stock.selectors import CellRow, cells_for
from inventory.stock.services import Booking
from orders.planning.choices import Source
from orders.planning.domain.place import place as kernel_place
from orders.planning.domain.tables import (
    BucketRow,
    Case,
    LineRow,
    OrderRow,
    ProductRow,
    plain_work,
    strict_weight,
)
from orders.planning.domain.tables import CellRow as KernelCell
from orders.planning.domain.tables import LaneRow as KernelLane
from orders.planning.selectors.network import BACK_DAYS, HORIZON_DAYS, LaneRow, Network, network

LATE_MAX = 1 << 13  # days: any date is better than none


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

    @cached_property
    def promises(self) -> Mapping[int, Told]:
        """The promise of every line that was asked for."""
        return {key: self._told(key) for key in self.constraints}

    def promise(self, key: int) -> Told:
        """The line's promise: dated by its last part."""
        return self.promises.get(key) or self._told(key)

    def _told(self, key: int) -> Told:
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


def place(
    ask: Ask, lane_stamp: int | None = None, locked: bool = False, cells: Sequence[CellRow] | None = None
) -> Placed:
    """Place one order as of now on the present availability. `locked` takes the cells' locks, sorted (second try).

    One statement when the network is warm, none with the `cells` just read. What finds no supply is left out of the rows.
    """
    if not ask.lines:
        return NOTHING
    if locked or cells is None:
        cells = cells_for({line.product_id for line in ask.lines}, lock=locked)
    return place_on(ask, cells, network(lane_stamp, ask.now.date()))


def place_on(ask: Ask, cells: Sequence[CellRow], lanes: Network) -> Placed:
    """`place` on given cells and lanes; nothing is read."""
    rows_of_zone = lanes.by_zone.get(ask.zone, ())
    codes = {lane.location_id: lane.location_code for lane in rows_of_zone}
    known = {(c.product_id, c.location_id): c for c in cells if c.location_id in codes}
    rows = tuple(placed_rows(ask, known, rows_of_zone, lanes)) if known else ()
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


def placed_rows(
    ask: Ask, known: Mapping[tuple[int, int], CellRow], sites: Sequence[LaneRow], lanes: Network
) -> list[PlacedRow]:
    """Ask the kernel, uncompiled, on the few cells of one order; rows in the order of the asked lines, then by day."""
    lines = sorted(ask.lines, key=lambda x: (x.product_id, x.quantity, x.no_split, x.key))
    chosen = [key for key in sorted(known) if key[0] in {x.product_id for x in lines}]
    case = case_for(ask, lines, [known[key] for key in chosen], sites, lanes)
    buckets = max((len(known[key].days) for key in chosen), default=0) * len(sites)
    work = plain_work(len(sites), max(case.days, case.arrivals), len(lines), len(sites), buckets)
    found = []
    for r in range(kernel_place(0, case, work)):
        line, site = lines[work.row_line[r]], case.cells[work.row_cell[r]].location
        day = work.row_day[r]
        ship, arrive = lanes.first + timedelta(days=day), lanes.first + timedelta(days=case.deliver[site * case.days + day])
        cell = known[line.product_id, sites[site].location_id]
        found.append(
            PlacedRow(line.key, line.product_id, cell.location_id, sites[site].location_code, ship, arrive,
                      work.row_quantity[r], bucket(cell.days, ship) > 0)
        )  # fmt: skip
    position = {x.key: n for n, x in enumerate(ask.lines)}
    return sorted(found, key=lambda row: (position[row.key], row.ship_date, row.location_id))


def case_for(
    ask: Ask, lines: Sequence[AskLine], cells: Sequence[CellRow], sites: Sequence[LaneRow], lanes: Network
) -> Case:
    """The kernel's tables for one order: the asked lines, their cells by product and location, the zone's lanes."""
    index = {lane.location_id: n for n, lane in enumerate(sites)}
    products = sorted({x.product_id for x in lines})
    start = {product: n for n, product in enumerate(products)}
    first_cell = [ProductRow(0)]
    cell_rows: list[KernelCell] = []
    buckets: list[BucketRow] = []
    for product in products:
        for cell in (c for c in cells if c.product_id == product):
            cell_rows.append(KernelCell(index[cell.location_id], len(buckets)))
            for day, free in zip(cell.days, cell.free, strict=True):
                buckets.append(BucketRow(0 if day == ALREADY else max(0, (day - lanes.first).days), free))
        first_cell.append(ProductRow(len(cell_rows)))
    cell_rows.append(KernelCell(0, len(buckets)))
    last = max((b.day for b in buckets), default=0)
    days = HORIZON_DAYS * (1 + (last + BACK_DAYS) // HORIZON_DAYS)
    deliver, latest, arrivals = calendar(ask, sites, lanes, days)
    units = sum(x.quantity for x in lines)
    # What was asked for decades ago (history) is as late as can be counted, and still better with a date than without.
    order = OrderRow(0, 0, max(-LATE_MAX // 2, (ask.requested_date - lanes.first).days), strict_weight(units, LATE_MAX), ask.delivery_rule,
                     ask.max_shipments)  # fmt: skip
    return Case(
        [order, OrderRow(len(lines))], [], [LineRow(start[x.product_id], x.quantity, int(x.no_split)) for x in lines],
        first_cell, [], cell_rows, buckets, [], [], [], [KernelLane(lane.unit_cost, lane.shipment_cost) for lane in sites],
        deliver, latest, len(sites), days, arrivals, 0, LATE_MAX, 1, 0,
    )  # fmt: skip


def calendar(ask: Ask, sites: Sequence[LaneRow], lanes: Network, days: int) -> tuple[list[int], list[int], int]:
    """`deliver` and `latest` of the sites as of now: before a location's first day goods leave on that day."""
    tables = []
    for lane in sites:
        first = min(days - 1, max(0, (lanes.earliest_ship(lane, ask.now) - lanes.first).days))
        arrival, inverse = lanes.table(lane, ask.receiving_calendar_id, days)
        tables.append((first, arrival, inverse))
    arrivals = max(arrival[-1] for _first, arrival, _inverse in tables) + 1
    deliver: list[int] = []
    latest: list[int] = []
    for first, arrival, inverse in tables:
        deliver += [arrival[first]] * first + arrival[first:]
        latest += [-1] * arrival[first] + inverse[arrival[first] :] + [days - 1] * (arrivals - len(inverse))
    return deliver, latest, arrivals


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
