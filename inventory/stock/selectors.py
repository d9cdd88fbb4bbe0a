"""Reads of stock, set-wise: cells for planning, what lies where, what comes, the stock card."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

import msgspec
from django.db import connection
from django.db.models import (
    BigIntegerField,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Window,
)
from django.db.models.functions import Coalesce
from django.utils import timezone

from inventory.catalog.models import Product
from inventory.catalog.selectors import staffed_locations, visible_locations
from inventory.stock.bookings import Pair
from inventory.stock.choices import ReceiptStatus
from inventory.stock.locks import CELL_COLUMNS, CellRow, cell_rows, lock_cells_of_products
from inventory.stock.models import (
    Availability,
    Balance,
    CountedPlace,
    ExpectedReceipt,
    Movement,
    StockClosing,
)
from inventory.stock.references import document
from oms.accounts.choices import Role
from oms.kernel.sqlrows import relation

CELLS = f"""
SELECT {CELL_COLUMNS} FROM inventory_availability a JOIN inventory_storagelocation s ON s.id = a.location_id
WHERE a.product_id = ANY(%(products)s::bigint[]) AND s.active ORDER BY a.product_id, a.location_id
"""
# The cells of `product` (a row of inventory_product) at active locations as JSON, to stand in another room's statement.
CELLS_OF_PRODUCT = f"""(
    SELECT json_agg(json_build_array({CELL_COLUMNS}) ORDER BY a.location_id)::text
    FROM inventory_availability a JOIN inventory_storagelocation s ON s.id = a.location_id
    WHERE a.product_id = product.id AND s.active
)"""
_cells = msgspec.json.Decoder(list[CellRow])
PAIRS = {"product_id": "bigint", "location_id": "bigint"}
SUPPLY = """
SELECT t.product_id, t.location_id, NULL::date, sum(b.on_hand - b.allocated - b.blocked)::bigint
FROM {source} JOIN inventory_balance b USING (product_id, location_id) GROUP BY 1, 2
UNION ALL
SELECT t.product_id, t.location_id, r.available_date, sum(r.quantity - r.received)::bigint
FROM {source} JOIN inventory_expectedreceipt r USING (product_id, location_id)
WHERE r.status = 'open' AND r.quantity > r.received GROUP BY 1, 2, 3
"""
NAMES = """
SELECT t.product_id, p.sku, t.location_id, s.code
FROM {source} LEFT JOIN inventory_product p ON p.id = t.product_id
LEFT JOIN inventory_storagelocation s ON s.id = t.location_id
"""


def cells_for(product_ids: Collection[int], lock: bool = False) -> list[CellRow]:
    """The cells of the products at active locations, by product and location. One statement.

    `lock` takes the rows' locks, sorted (the second try of a booking); then inactive locations are among them.
    """
    if lock:
        return sorted(lock_cells_of_products(product_ids), key=lambda cell: (cell.product_id, cell.location_id))
    with connection.cursor() as cursor:
        cursor.execute(CELLS, {"products": sorted(set(product_ids))})
        return cell_rows(cursor.fetchall())


def cells_of(found: str | None) -> list[CellRow]:
    """The cells that CELLS_OF_PRODUCT found."""
    return _cells.decode(found) if found else []


def supply(pairs: Iterable[Pair]) -> tuple[dict[Pair, int], dict[Pair, list[tuple[date, int]]]]:
    """(free stock of all balances, open receipts as (day, quantity)) by pair. One statement."""
    source, parameters = relation("t", PAIRS, list(pairs))
    on_hand: dict[Pair, int] = {}
    receipts: dict[Pair, list[tuple[date, int]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(SUPPLY.format(source=source), parameters)
        for product, location, day, quantity in cursor.fetchall():
            if day is None:
                on_hand[product, location] = quantity
            else:
                receipts.setdefault((product, location), []).append((day, quantity))
    return on_hand, receipts


def names(pairs: Iterable[Pair]) -> dict[Pair, dict[str, Any]]:
    """{product_id, product, location_id, location} by pair, for refusals. One statement."""
    source, parameters = relation("t", PAIRS, list(pairs))
    with connection.cursor() as cursor:
        cursor.execute(NAMES.format(source=source), parameters)
        return {
            (p, w): {"product_id": p, "product": sku, "location_id": w, "location": code}
            for p, sku, w, code in cursor.fetchall()
        }


def pairs_of_balances(balance_ids: Collection[int]) -> dict[int, Pair]:
    """Balance id → (product id, location id). One statement."""
    rows = Balance.objects.filter(pk__in=balance_ids).values_list("pk", "product_id", "location_id")
    return {pk: (product, location) for pk, product, location in rows}


def balances_named(balance_ids: Collection[int]) -> list[dict[str, Any]]:
    """What a refusal says of balances, by id. One statement."""
    rows = Balance.objects.filter(pk__in=balance_ids).select_related("product", "location").order_by("pk")
    return [
        {
            "balance_id": b.pk, "product_id": b.product_id, "product": b.product.sku, "location_id": b.location_id,
            "location": b.location.code, "bin": b.bin, "lot": b.lot, "on_hand": b.on_hand, "allocated": b.allocated,
            "blocked": b.blocked, "free": b.free,
        }
        for b in rows
    ]  # fmt: skip


def posted(sources: Collection[str]) -> list[int]:
    """Movements already written for these sender's ids, in their order. One statement."""
    return list(Movement.objects.filter(source__in=sources).order_by("pk").values_list("pk", flat=True))


def sources_posted(sources: Iterable[str]) -> set[str]:
    """Those of the sender's ids that have moved stock. One statement."""
    found = Movement.objects.filter(source__in=list(sources)).values_list("source", flat=True)
    return {source for source in found if source}


def counted_before(sources: Iterable[str | None]) -> bool:
    """Whether a count of one of these sender's ids was taken in. One statement."""
    named = [source for source in sources if source]
    return bool(named) and CountedPlace.objects.filter(source__in=named).exists()


def moved_since(balance_ids: Collection[int], moment: datetime) -> dict[int, int]:
    """Balance id → change of on hand that happened after `moment`, whenever it is posted. One statement."""
    rows = (
        Movement.objects.filter(balance_id__in=balance_ids, occurred_at__gt=moment)
        .exclude(happened_at__lte=moment)
        .values_list("balance_id")
        .annotate(moved=Sum("quantity"))
    )
    return dict(rows)


ALLOCATABLE = """
SELECT b.* FROM {source} JOIN inventory_balance b USING (product_id, location_id)
WHERE b.on_hand > b.allocated + b.blocked AND (b.expires_on IS NULL OR b.expires_on > %(on)s)
ORDER BY b.product_id, b.location_id, b.expires_on NULLS LAST, b.id
"""


def allocatable(pairs: Iterable[Pair], on: date | None = None) -> list[Balance]:
    """Balances with free stock, per pair the first expiring first, then the oldest. One statement.

    Lots that have expired on `on` (default today) are left out (RELIABILITY.md I12).
    """
    source, parameters = relation("t", PAIRS, sorted(set(pairs)))
    return list(Balance.objects.raw(ALLOCATABLE.format(source=source), {**parameters, "on": on or timezone.localdate()}))


def allocatable_balances(product_ids: Iterable[int], location_id: int, on: date | None = None) -> list[Balance]:
    """`allocatable` for several products of one location."""
    return allocatable([(product, location_id) for product in product_ids], on)


def on_hand(product_ids: Collection[int]) -> dict[Pair, int]:
    """What lies there, by product and location. One statement."""
    rows = (
        Balance.objects.filter(product_id__in=product_ids)
        .values_list("product_id", "location_id")
        .annotate(total=Sum("on_hand"))
    )
    return {(product, location): total for product, location, total in rows}


def availability_visible_to(user: Any) -> QuerySet[Availability]:
    """The cells the user may see: who promises or decides sees all, warehouse staff their own locations."""
    if user.is_system or {Role.MANAGER, Role.SALES, Role.APPROVER}.intersection(user.roles):
        return Availability.objects.all()
    return Availability.objects.filter(location__in=visible_locations(user))


def _sum_of(name: str) -> Coalesce:
    same = Balance.objects.filter(product=OuterRef("product"), location=OuterRef("location")).order_by()
    return Coalesce(Subquery(same.values("product").annotate(total=Sum(name)).values("total")), 0)


def stock_list(user: Any) -> QuerySet[Availability]:
    """Product × location with `on_hand`, `allocated`, `blocked`, `free_now`, `next_date`, `next_quantity`."""
    coming = ExpectedReceipt.objects.filter(
        product=OuterRef("product"), location=OuterRef("location"), status=ReceiptStatus.OPEN
    ).order_by("available_date", "pk")
    return (
        availability_visible_to(user)
        .select_related("product", "location")
        .annotate(
            on_hand=_sum_of("on_hand"),
            allocated=_sum_of("allocated"),
            blocked=_sum_of("blocked"),
            free_now=F("free__0"),
            next_date=Subquery(coming.values("available_date")[:1]),
            next_quantity=Subquery(coming.annotate(rest=F("quantity") - F("received")).values("rest")[:1]),
        )
        .order_by("product__sku", "location__code")
    )


def low_stock(rows: QuerySet[Availability]) -> QuerySet[Availability]:
    """Of `stock_list`: short of what is booked, or at or below the product's reorder level."""
    return rows.filter(Q(shortfall__gt=0) | Q(product__reorder_level__gt=0, on_hand__lte=F("product__reorder_level")))


def stock_card(user: Any, product_id: int) -> QuerySet[Movement]:
    """The product's movements at the locations the user sees, newest first; `after` is what then lay in the place."""
    return (
        Movement.objects.filter(product_id=product_id, location__in=visible_locations(user))
        .select_related("balance", "location", "event__actor")
        .annotate(after=Window(Sum("quantity"), partition_by=F("balance"), order_by=F("version").asc()))
        .order_by("-pk")
    )


def movements(user: Any) -> QuerySet[Movement]:
    """The ledger of the locations the user sees, newest first, with the `document` (an order's number) and who."""
    return (
        Movement.objects.filter(location__in=visible_locations(user))
        .select_related("product", "balance", "location", "event__actor")
        .annotate(document=document())
        .order_by("-pk")
    )


def stock_at(user: Any, moment: datetime, *, as_known: bool = False) -> QuerySet[Availability]:
    """Product × location with `lay`, what lay there at a moment: what lies there now less what moved since. `value` at
    standard cost. `as_known`: what the books said then, without what was told later of before."""
    since = {"recorded_at__gt" if as_known else "occurred_at__gt": moment}
    later = Movement.objects.filter(product=OuterRef("product"), location=OuterRef("location"), **since).order_by()
    moved = Coalesce(Subquery(later.values("product").annotate(total=Sum("quantity")).values("total")), 0)
    lay = ExpressionWrapper(_sum_of("on_hand") - moved, BigIntegerField())
    return (
        Availability.objects.filter(location__in=visible_locations(user))
        .select_related("product", "location")
        .annotate(lay=lay)
        .exclude(lay=0)
        .annotate(value=ExpressionWrapper(F("lay") * F("product__standard_cost"), DecimalField(max_digits=18, decimal_places=6)))
        .order_by("product__sku", "location__code")
    )


def closing_of(day: date) -> StockClosing | None:
    """The digest a day was closed with, None while it is open."""
    return StockClosing.objects.filter(day=day).first()


def balances_of(user: Any, product_id: int) -> QuerySet[Balance]:
    """Where the product lies at the locations the user sees."""
    return (
        Balance.objects.filter(product_id=product_id, location__in=visible_locations(user))
        .select_related("location")
        .order_by("location__code", "bin", "lot")
    )


def open_receipts(user: Any) -> QuerySet[ExpectedReceipt]:
    """What is on its way to the locations the user sees, soonest first."""
    return (
        ExpectedReceipt.objects.filter(status=ReceiptStatus.OPEN, location__in=visible_locations(user))
        .select_related("product", "location")
        .order_by("available_date", "pk")
    )


def receipts_of(user: Any, product_id: int) -> QuerySet[ExpectedReceipt]:
    """What is on its way of a product, soonest first: managers see all of it, warehouse staff that of their locations."""
    found = ExpectedReceipt.objects.filter(status=ReceiptStatus.OPEN, product_id=product_id)
    if not user.is_system and Role.MANAGER not in user.roles:
        found = found.filter(location__in=visible_locations(user))
    return found.select_related("location").annotate(rest=F("quantity") - F("received")).order_by("available_date", "pk")


def receipts_due(user: Any) -> QuerySet[ExpectedReceipt]:
    """Of `open_receipts`: those whose day has come."""
    return open_receipts(user).filter(available_date__lte=timezone.localdate())


def product_visible(user: Any, sku: str) -> Product | None:
    """The product with stock the user sees, None when there is none."""
    seen = availability_visible_to(user).filter(product=OuterRef("pk"))
    return Product.objects.filter(Exists(seen), sku=sku).first()


AT_PLACES = """
SELECT b.id FROM {source} JOIN inventory_balance b USING (product_id, location_id, bin, lot)
"""
PLACES = {"product_id": "bigint", "location_id": "bigint", "bin": "text", "lot": "text"}


def balances_at(places: Collection[tuple[int, int, str, str]]) -> dict[tuple[int, int, str, str], Balance]:
    """(product id, location id, bin, lot) → its balance, where there is one. Two statements."""
    source, parameters = relation("t", PLACES, sorted(places))
    with connection.cursor() as cursor:
        cursor.execute(AT_PLACES.format(source=source), parameters)
        ids = [row[0] for row in cursor.fetchall()]
    return {(b.product_id, b.location_id, b.bin, b.lot): b for b in Balance.objects.filter(pk__in=ids)}


MOVED_AFTER = """
SELECT t.balance_id, t.at, sum(m.quantity)::bigint FROM {source} JOIN inventory_movement m USING (balance_id)
WHERE m.occurred_at > t.at AND coalesce(m.happened_at > t.at, true) GROUP BY 1, 2
"""


def moved_after(asked: Iterable[tuple[int, datetime | None]]) -> dict[tuple[int, datetime | None], int]:
    """(balance id, time) → change of on hand by movements that happened after it; no time asks nothing. One statement."""
    source, parameters = relation("t", {"balance_id": "bigint", "at": "timestamptz"}, [a for a in asked if a[1] is not None])
    with connection.cursor() as cursor:
        cursor.execute(MOVED_AFTER.format(source=source), parameters)
        return {(balance, at): quantity for balance, at, quantity in cursor.fetchall()}


def to_put_away(user: Any, limit: int = 50) -> list[Balance]:
    """What lies in no bin at the user's locations that keep bins, and is neither pinned nor blocked; the most first."""
    binned = Balance.objects.filter(location=OuterRef("location"), on_hand__gt=0).exclude(bin="")
    rows = Balance.objects.filter(location__in=staffed_locations(user), bin="", on_hand__gt=F("allocated") + F("blocked")).filter(Exists(binned))
    return list(rows.select_related("product", "location").order_by(F("allocated") + F("blocked") - F("on_hand"), "pk")[:limit])


def lot_balances(product_id: int, location_id: int, lot: str) -> list[Balance]:
    """Where a lot lies at a location. One statement."""
    return list(Balance.objects.filter(product_id=product_id, location_id=location_id, lot=lot).order_by("pk"))
