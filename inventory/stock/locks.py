"""The rows of stock, locked in one order: availability before balances, each sorted by id."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from inventory.stock.bookings import Pair
from inventory.stock.domain import ALREADY
from inventory.stock.models import Balance, ExpectedReceipt
from oms.kernel.errors import Invalid, NotFound
from oms.kernel.sqlrows import relation


class CellRow(NamedTuple):
    """One availability row as read: `days` from ALREADY on, cumulative `free` by day."""

    id: int
    product_id: int
    location_id: int
    layout_version: int
    safety: int
    shortfall: int
    days: tuple[date, ...]
    free: tuple[int, ...]


CELL_COLUMNS = "a.id, a.product_id, a.location_id, a.layout_version, a.safety, a.shortfall, a.days, a.free"
OPEN_CELLS = """
INSERT INTO inventory_availability (product_id, location_id, days, free)
SELECT p.id, l.id, ARRAY[%(already)s::date], ARRAY[0::bigint]
FROM {source} JOIN inventory_product p ON p.id = t.product_id JOIN inventory_storagelocation l ON l.id = t.location_id
ORDER BY p.id, l.id
ON CONFLICT (product_id, location_id) DO NOTHING
"""
LOCK_PAIRS = f"""
SELECT {CELL_COLUMNS}
FROM {{source}} JOIN inventory_availability a ON a.product_id = t.product_id AND a.location_id = t.location_id
ORDER BY a.id FOR NO KEY UPDATE OF a
"""
LOCK_PRODUCTS = f"""
SELECT {CELL_COLUMNS} FROM inventory_availability a WHERE a.product_id = ANY(%(products)s::bigint[])
ORDER BY a.id FOR NO KEY UPDATE
"""
PAIR = {"product_id": "bigint", "location_id": "bigint"}


def cell_rows(rows: Iterable[tuple[Any, ...]]) -> list[CellRow]:
    """Rows of CELL_COLUMNS, arrays as tuples."""
    return [CellRow._make((*row[:6], tuple(row[6]), tuple(row[7]))) for row in rows]


def lock_cells(pairs: Collection[Pair]) -> dict[Pair, CellRow]:
    """Lock the cells of (product id, location id) that exist. One statement."""
    source, parameters = relation("t", PAIR, sorted(set(pairs)))
    with connection.cursor() as cursor:
        cursor.execute(LOCK_PAIRS.format(source=source), parameters)
        return {(cell.product_id, cell.location_id): cell for cell in cell_rows(cursor.fetchall())}


def lock_cells_of_products(product_ids: Collection[int]) -> list[CellRow]:
    """Lock every cell of the products. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_PRODUCTS, {"products": sorted(set(product_ids))})
        return cell_rows(cursor.fetchall())


def open_cells(pairs: Collection[Pair]) -> dict[Pair, CellRow]:
    """Lock the cells, making those that are missing (empty, to be rebuilt). Two statements.

    Raises NotFound `unknown_stock` when a product or location does not exist.
    """
    source, parameters = relation("t", PAIR, sorted(set(pairs)))
    with connection.cursor() as cursor:
        cursor.execute(OPEN_CELLS.format(source=source), {**parameters, "already": ALREADY})
    cells = lock_cells(pairs)
    missing = sorted(set(pairs) - cells.keys())
    if missing:
        raise NotFound(
            _("There is no such product or location."), code="unknown_stock",
            rows=[{"product_id": product, "location_id": location} for product, location in missing],
        )  # fmt: skip
    return cells


class Place(NamedTuple):
    """Where something lies: what identifies a balance."""

    product_id: int
    location_id: int
    bin: str = ""
    lot: str = ""


class BalanceRow(NamedTuple):
    """One balance as locked."""

    id: int
    product_id: int
    location_id: int
    bin: str
    lot: str
    expires_on: date | None
    on_hand: int
    allocated: int
    blocked: int

    @property
    def place(self) -> Place:
        return Place(self.product_id, self.location_id, self.bin, self.lot)


OPEN_BALANCES = """
INSERT INTO inventory_balance (product_id, location_id, bin, lot, expires_on)
SELECT product_id, location_id, bin, lot, expires_on FROM {source}
ORDER BY product_id, location_id, bin, lot
ON CONFLICT (product_id, location_id, bin, lot) DO UPDATE SET expires_on = excluded.expires_on
WHERE inventory_balance.expires_on IS NULL AND excluded.expires_on IS NOT NULL
"""
LOCK_BALANCES = """
SELECT b.id, b.product_id, b.location_id, b.bin, b.lot, b.expires_on, b.on_hand, b.allocated, b.blocked
FROM {source}
JOIN inventory_balance b ON (b.product_id, b.location_id, b.bin, b.lot) = (t.product_id, t.location_id, t.bin, t.lot)
ORDER BY b.id FOR NO KEY UPDATE OF b
"""
PLACE = {"product_id": "bigint", "location_id": "bigint", "bin": "text", "lot": "text", "expires_on": "date"}


def open_balances(places: dict[Place, date | None]) -> dict[Place, BalanceRow]:
    """Lock the balances of the places, making those that are missing; a lot's expiry is learnt once. Two statements.

    Raises Invalid `lot_expiry` when a lot is known with another expiry.
    """
    source, parameters = relation("t", PLACE, [(*place, places[place]) for place in sorted(places)])
    with connection.cursor() as cursor:
        cursor.execute(OPEN_BALANCES.format(source=source), parameters)
        cursor.execute(LOCK_BALANCES.format(source=source), parameters)
        rows = [BalanceRow(*row) for row in cursor.fetchall()]
    for row in rows:
        given = places[row.place]
        if given is not None and given != row.expires_on:
            raise Invalid(
                _("Lot %(lot)s is known with another expiry date.") % {"lot": row.lot}, code="lot_expiry",
                product_id=row.product_id, lot=row.lot, known=row.expires_on and row.expires_on.isoformat(),
            )  # fmt: skip
    return {row.place: row for row in rows}


def lock_receipts(**which: Any) -> list[ExpectedReceipt]:
    """Lock the expected receipts found by `which`, sorted, after the cells they belong to. One statement."""
    return list(ExpectedReceipt.objects.select_for_update(of=("self",), no_key=True).filter(**which).order_by("pk"))


def lock_lot(product_id: int, location_id: int, lot: str) -> list[Balance]:
    """The balances of a lot at a location, locked and fresh, sorted, after their cell. One statement."""
    rows = Balance.objects.select_for_update(of=("self",), no_key=True).filter(product_id=product_id, location_id=location_id, lot=lot)
    return list(rows.order_by("pk"))


LOCK_THESE = """
SELECT b.id FROM inventory_balance b WHERE b.id = ANY(%(ids)s::bigint[])
    OR (b.product_id, b.location_id, b.bin, b.lot) IN (SELECT product_id, location_id, bin, lot FROM {source})
ORDER BY b.id FOR NO KEY UPDATE
"""


def lock_balances(places: Collection[Place], balance_ids: Collection[int] = ()) -> set[int]:
    """Lock the balances of places (making those that are missing) and others by id, all in one order; their ids. Two statements."""
    source, parameters = relation("t", PLACE, [(*place, None) for place in sorted(set(places))])
    with connection.cursor() as cursor:
        cursor.execute(OPEN_BALANCES.format(source=source), parameters)
        cursor.execute(LOCK_THESE.format(source=source), {**parameters, "ids": sorted(set(balance_ids))})
        return {row[0] for row in cursor.fetchall()}
