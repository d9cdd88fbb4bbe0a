"""`place`: the one way a quantity gets a location and a date.

It reads the cells of the products in one statement and asks the pure kernel; it serves the hint, the commit, the
approval and the re-planning of one order alike, and writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from inventory.stock.selectors import CellRow, cells_for
from inventory.stock.services import Booking
from orders.planning.choices import Source
from orders.planning.selectors.network import Network, network


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
