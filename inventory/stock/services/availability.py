"""Parts that move availability: soft bookings, hard allocations, and the exact rebuild of a cell from its sources.

Who may go below zero: nobody but facts (RELIABILITY.md I30). A soft booking may not make the worst day of a cell worse
than it is, nor short; a hard allocation may use what `shortfall` already admits, because the goods it pins were booked.
Giving back leaves `shortfall` as it is until the next taking or fact, so that what is given back and taken again in
one transaction (release: booking → allocation) fits.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import connection

from inventory.stock.bookings import Pair, live
from inventory.stock.domain import booking_delta
from inventory.stock.domain import rebuild as rebuilt
from inventory.stock.exceptions import short, stale_availability
from inventory.stock.locks import CellRow, lock_cells, open_cells
from inventory.stock.selectors import names, supply
from oms.events.services import current
from oms.kernel.sqlrows import relation


class Booking(NamedTuple):
    """A change of one cell: `delta[j]` is added to `free[j]` (negative books), if the cell's layout is this version."""

    availability_id: int
    layout_version: int
    delta: tuple[int, ...]


BOOK = """
WITH b AS MATERIALIZED (SELECT * FROM {source}),
l AS (
    SELECT id, product_id, location_id, layout_version, free, shortfall FROM inventory_availability
    WHERE id = ANY(ARRAY(SELECT id FROM b)) ORDER BY id FOR NO KEY UPDATE
), n AS MATERIALIZED (
    SELECT b.id, l.product_id, l.location_id, l.shortfall, x.free, x.takes, x.need, x.asked, x.available,
           coalesce(l.layout_version = b.version AND cardinality(l.free) = cardinality(b.delta), false) AS same,
           x.takes AND x.need > x.needed AS short
    FROM b LEFT JOIN l USING (id), LATERAL (
        SELECT array_agg(f + d ORDER BY i) AS free, bool_or(d < 0) AS takes, greatest(0, -min(f + d)) AS need,
               greatest(0, -min(f)) AS needed, greatest(0, -min(d)) AS asked,
               greatest(0, min(f) FILTER (WHERE d < 0)) AS available
        FROM unnest(l.free, b.delta) WITH ORDINALITY AS t(f, d, i)
    ) x
), u AS (
    UPDATE inventory_availability a
    SET free = n.free, shortfall = CASE WHEN n.takes THEN least(n.shortfall, n.need) ELSE n.shortfall END
    FROM n WHERE a.id = n.id AND a.id = ANY(ARRAY(SELECT id FROM b)) AND NOT EXISTS (SELECT FROM n WHERE NOT same OR short)
)
SELECT id, product_id, location_id, same, asked, available FROM n WHERE NOT same OR short ORDER BY id
"""
BOOKING = {"id": "bigint", "version": "bigint", "delta": "bigint[]"}


def book(bookings: Iterable[Booking]) -> None:
    """Part: add the deltas to their cells, all or none, in one statement; cells are locked sorted by id.

    Raises Conflict `stale_availability` when a cell's days moved since it was read, Conflict `short` when a booking
    does not fit; nothing is written then, so that the caller may read again under locks and go on.
    """
    current()
    merged: dict[tuple[int, int], tuple[int, ...]] = {}
    for cell, version, delta in bookings:
        before = merged.get((cell, version), (0,) * len(delta))
        merged[cell, version] = tuple(a + b for a, b in zip(before, delta, strict=True))
    rows = [(cell, version, delta) for (cell, version), delta in sorted(merged.items()) if any(delta)]
    if not rows:
        return
    source, parameters = relation("t", BOOKING, rows)
    with connection.cursor() as cursor:
        cursor.execute(BOOK.format(source=source), parameters)
        refused = cursor.fetchall()
    stale = [row for row in refused if not row[3]]
    if stale:
        raise stale_availability([{"availability_id": r[0], "product_id": r[1], "location_id": r[2]} for r in stale])
    if refused:
        raise _short({(r[1], r[2]): (r[4], r[5]) for r in refused})


def unbook(bookings: Iterable[Booking]) -> None:
    """Part: the exact inverse of `book` on cells whose layout did not move."""
    book(Booking(cell, version, tuple(-d for d in delta)) for cell, version, delta in bookings)


def book_by_day(rows: Iterable[tuple[int, int, date, int]]) -> None:
    """Part: book (product id, location id, day, quantity) under sorted locks, netted by cell; negative gives back.

    Two statements. A hard allocation is a booking on day ALREADY. Raises Conflict `short`; nothing is written then.
    """
    _take(rows, lambda cell, need: need <= cell_need(cell))


def take_hard(rows: Iterable[tuple[int, int, int]]) -> None:
    """Part: (product id, location id, quantity) leaves what is free on every day, or returns to it when negative.

    For hard allocations, before their balances. Raises Conflict `short` beyond what the shortfall admits.
    """
    _take(((p, w, date.min, quantity) for p, w, quantity in rows), lambda cell, need: need <= cell.shortfall)


def cell_need(cell: CellRow) -> int:
    """What is missing on the cell's worst day."""
    return max(0, -min(cell.free))


def _take(rows: Iterable[tuple[int, int, date, int]], fits: Callable[[CellRow, int], bool]) -> None:
    current()
    wanted = [row for row in rows if row[3]]
    if not wanted:
        return
    cells = lock_cells({(product, location) for product, location, _day, _quantity in wanted})
    change: dict[Pair, list[int]] = {pair: [0] * len(cell.days) for pair, cell in cells.items()}
    lost: dict[Pair, tuple[int, int]] = {}
    for product, location, day, quantity in wanted:
        cell = cells.get((product, location))
        if cell is None:
            lost[product, location] = (quantity, 0)
            continue
        for j, d in enumerate(booking_delta(cell.days, day, quantity)):
            change[product, location][j] += d
    written = []
    for pair, cell in cells.items():
        delta = change[pair]
        free = tuple(f + d for f, d in zip(cell.free, delta, strict=True))
        need, takes = max(0, -min(free)), min(delta) < 0
        if takes and not fits(cell, need):
            lost[pair] = (-min(delta), max(0, min(f for f, d in zip(cell.free, delta, strict=True) if d < 0)))
        written.append(cell._replace(free=free, shortfall=min(cell.shortfall, need) if takes else cell.shortfall))
    if lost:
        raise _short(lost)
    write_cells(written)


WRITE = """
UPDATE inventory_availability a
SET days = t.days, free = t.free, shortfall = t.shortfall, safety = t.safety,
    layout_version = t.layout_version,
    shortfall_event_id = CASE WHEN t.shortfall > a.shortfall THEN %(event)s::bigint ELSE a.shortfall_event_id END
FROM {source} WHERE a.id = t.id
"""
CELL = {
    "id": "bigint", "days": "date[]", "free": "bigint[]", "shortfall": "bigint", "safety": "bigint",
    "layout_version": "bigint",
}  # fmt: skip


def write_cells(cells: Iterable[CellRow], event_id: int | None = None) -> None:
    """Write locked cells as they are given, one statement. `event_id` is the fact, where one raises a shortfall."""
    rows = [
        (c.id, c.days, c.free, c.shortfall, c.safety, c.layout_version)
        for c in sorted(cells)
    ]
    source, parameters = relation("t", CELL, rows)
    with connection.cursor() as cursor:
        cursor.execute(WRITE.format(source=source), {**parameters, "event": event_id})


def shift_by_fact(cells: dict[Pair, CellRow], change: dict[Pair, int], event_id: int) -> None:
    """Part: what is on hand changed by a fact: every day of the (locked) cells moves with it, the shortfall follows."""
    written = []
    for pair, quantity in change.items():
        if quantity:
            free = tuple(f + quantity for f in cells[pair].free)
            written.append(cells[pair]._replace(free=free, shortfall=max(0, -min(free))))
    if written:
        write_cells(written, event_id)


def rebuild(pairs: Collection[Pair], event_id: int | None = None) -> None:
    """Part: work the cells out anew from balances, open receipts and live bookings, under sorted locks.

    Missing cells are made. `layout_version` moves when the days do. The shortfall becomes exactly what is missing; it
    rises only with `event_id`, a fact ("stock.*") of this command, else Conflict `short`. Five statements and one a
    reader of bookings.
    """
    if pairs:
        rebuild_cells(open_cells(pairs), event_id)


def rebuild_cells(cells: dict[Pair, CellRow], event_id: int | None) -> None:
    """Part: `rebuild` of cells that are locked already."""
    on_hand, receipts = supply(cells)
    booked: dict[Pair, list[tuple[date, int]]] = {}
    for product, location, day, quantity in live(list(cells)):
        booked.setdefault((product, location), []).append((day, quantity))
    written, lost = [], {}
    for pair, cell in cells.items():
        new = rebuilt(on_hand.get(pair, 0), cell.safety, receipts.get(pair, ()), booked.get(pair, ()))
        if new.need > cell.shortfall and event_id is None:
            lost[pair] = (new.need, cell.shortfall)
        moved = int(new.days != cell.days)
        written.append(
            cell._replace(
                days=new.days, free=new.free, shortfall=new.need, layout_version=cell.layout_version + moved
            )
        )
    if lost:
        raise _short(lost)
    write_cells(written, event_id)


def _short(lost: dict[Pair, tuple[int, int]]) -> Exception:
    """Conflict `short` from {pair: (asked, available)}, with names."""
    known = names(lost)
    rows: Sequence[dict[str, Any]] = [
        {**known[pair], "asked": asked, "available": available} for pair, (asked, available) in sorted(lost.items())
    ]
    return short(rows)
