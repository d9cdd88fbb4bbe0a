"""Use cases that post physical facts: received, adjusted, counted, opening stock.

A fact is never refused for lack of stock: below zero a `found` movement is posted first, and availability takes the
shortfall with the fact's event. Only what orders hold stops it: `BelowAllocated`, for the caller that can release it.
Facts are idempotent by `source`: the same source moves stock once and is answered with the same movements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from inventory.stock.bookings import Pair
from inventory.stock.choices import MovementKind
from inventory.stock.exceptions import BelowAllocated
from inventory.stock.locks import BalanceRow, CellRow, Place, open_balances, open_cells
from inventory.stock.selectors import balances_named, moved_since, posted, sources_posted
from inventory.stock.services.availability import rebuild_cells, shift_by_fact
from inventory.stock.services.ledger import Posting, post
from inventory.stock.services.receipts import take_in
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid


class Received(NamedTuple):
    """`quantity` base units came in; `receipt_id` is the expected receipt they belong to, None when unannounced."""

    product_id: int
    quantity: int
    receipt_id: int | None = None
    bin: str = ""
    lot: str = ""
    expires_on: date | None = None


class Change(NamedTuple):
    """On hand of one place changes by `delta` base units."""

    product_id: int
    bin: str
    lot: str
    delta: int


class Counted(NamedTuple):
    """`quantity` base units were counted in one place."""

    product_id: int
    bin: str
    lot: str
    quantity: int


class Opening(NamedTuple):
    """Stock that lay there before the system began."""

    product_id: int
    location_id: int
    bin: str
    lot: str
    expires_on: date | None
    quantity: int


@dataclass(frozen=True)
class Held:
    """What a fact has under lock."""

    cells: dict[Pair, CellRow]
    balances: dict[Place, BalanceRow]


def _hold(places: dict[Place, date | None]) -> Held:
    """Availability before balances, each sorted (the lock order of the house)."""
    cells = open_cells({(place.product_id, place.location_id) for place in places})
    return Held(cells, open_balances(places))


def _expiries(rows: Iterable[tuple[Place, date | None]]) -> dict[Place, date | None]:
    places: dict[Place, date | None] = {}
    for place, expires_on in rows:
        if places.setdefault(place, expires_on) != expires_on:
            raise Invalid(
                _("Lot %(lot)s has two expiry dates.") % {"lot": place.lot}, code="lot_expiry",
                product_id=place.product_id, lot=place.lot,
            )  # fmt: skip
    return places


def _sources(source: str | None, count: int) -> list[str | None]:
    """One sender's id a movement: the source itself, then source/2 …"""
    if source is None:
        return [None] * count
    if not source or len(source) > 80:
        raise Invalid(_("A source has 1 to 80 characters."), code="source_invalid")
    return [source, *(f"{source}/{n}" for n in range(2, count + 1))]


def _known(sources: Collection[str | None]) -> list[int]:
    """The movements of these sources, asked under the balances' locks: a second sender has waited for the first."""
    named = [source for source in sources if source]
    return posted(named) if named else []


def _product_subjects(product_ids: Iterable[int]) -> list[tuple[str, int]]:
    return [("product", product) for product in sorted(set(product_ids))]


@use_case("stock.receive")
def receive(
    location_id: int, rows: Sequence[Received], *, source: str, by: Any, at: datetime | None = None
) -> list[int]:
    """Goods arrived: on hand rises, expected receipts are taken in, availability is rebuilt; the movements' ids.

    The same `source` again changes nothing and returns the same ids. Raises Invalid (no or non-positive quantity,
    receipt of another product, lot with another expiry), NotFound (product, location), Forbidden (other location).
    """
    authorize(by, "stock.receive", location_id)
    rows = [Received(*row) for row in rows]
    if not rows or any(row.quantity <= 0 for row in rows):
        raise Invalid(_("Received quantities are above zero."), code="quantity_invalid")
    sources = _sources(source, len(rows))
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    held = _hold(_expiries(zip(places, (row.expires_on for row in rows), strict=True)))
    if known := _known(sources):
        return known
    event = current().event(
        "stock.received",
        [*_product_subjects(row.product_id for row in rows), ("location", location_id)],
        {"location": location_id, "source": source, "rows": [[r.product_id, r.quantity, r.receipt_id] for r in rows]},
    )
    movements = post(
        [
            Posting(held.balances[place].id, MovementKind.RECEIPT, quantity=row.quantity, source=row_source)
            for row, place, row_source in zip(rows, places, sources, strict=True)
        ],
        event,
    )
    take_in(location_id, [(r.receipt_id, r.product_id, r.quantity) for r in rows if r.receipt_id is not None])
    rebuild_cells(held.cells, event)
    return movements


@use_case("stock.adjust")
def adjust(
    location_id: int,
    rows: Sequence[Change],
    reason: str,
    *,
    by: Any,
    at: datetime | None = None,
    source: str | None = None,
) -> list[int]:
    """On hand was not what the books said: change it by the deltas (breakage, loss, found), with a reason code.

    Raises BelowAllocated when orders hold what is gone; Invalid without reason or change; Forbidden, NotFound.
    """
    authorize(by, "stock.adjust", location_id)
    rows = [Change(*row) for row in rows]
    if not reason.strip():
        raise Invalid(_("Say why the stock is adjusted."), code="reason_missing")
    if not rows or any(row.delta == 0 for row in rows):
        raise Invalid(_("An adjustment changes something."), code="quantity_invalid")
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    held = _hold(dict.fromkeys(places))
    sources = _sources(source, len(rows))
    if known := _known(sources):
        return known
    return _post_fact(
        "stock.adjusted", location_id, held, MovementKind.ADJUST, reason.strip(),
        list(zip(places, (row.delta for row in rows), sources, strict=True)),
    )  # fmt: skip


@use_case("stock.count")
def count(
    location_id: int,
    rows: Sequence[Counted],
    *,
    by: Any,
    at: datetime | None = None,
    source: str | None = None,
) -> list[int]:
    """What was counted, as of `at`: the difference to the books at that time is posted; movements' ids.

    Movements that occurred after `at` are netted out. No difference, no movement. Raises as `adjust`.
    """
    authorize(by, "stock.count", location_id)
    rows = [Counted(*row) for row in rows]
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    if not rows or any(row.quantity < 0 for row in rows) or len(set(places)) != len(places):
        raise Invalid(_("Every place is counted once, at zero or more."), code="quantity_invalid")
    held = _hold(dict.fromkeys(places))
    sources = _sources(source, len(rows))
    if known := _known(sources):
        return known
    later = moved_since([held.balances[place].id for place in places], current().at)
    changes = []
    for row, place, row_source in zip(rows, places, sources, strict=True):
        balance = held.balances[place]
        difference = row.quantity - (balance.on_hand - later.get(balance.id, 0))
        if difference:
            changes.append((place, difference, row_source))
    return _post_fact("stock.counted", location_id, held, MovementKind.COUNT, "count", changes)


def _post_fact(
    name: str,
    location_id: int,
    held: Held,
    kind: MovementKind,
    reason: str,
    changes: Sequence[tuple[Place, int, str | None]],
) -> list[int]:
    """Post signed changes of on hand with `found` before what would fall below zero; availability follows."""
    if not changes:
        return []
    totals: dict[Place, int] = {}
    for place, delta, _source in changes:
        totals[place] = totals.get(place, 0) + delta
    found = {place: max(0, -(held.balances[place].on_hand + delta)) for place, delta in totals.items()}
    _refuse_below_allocated(held, {place: delta + found[place] for place, delta in totals.items()})
    event = current().event(
        name,
        [*_product_subjects(place.product_id for place in totals), ("location", location_id)],
        {"location": location_id, "reason": reason,
         "rows": [[held.balances[place].id, delta, found[place]] for place, delta in sorted(totals.items())]},
    )  # fmt: skip
    extra = [
        Posting(held.balances[place].id, MovementKind.FOUND, quantity=quantity, reason=reason)
        for place, quantity in sorted(found.items())
        if quantity
    ]
    posted_now = post(
        extra
        + [Posting(held.balances[p].id, kind, quantity=delta, reason=reason, source=s) for p, delta, s in changes],
        event,
    )
    by_pair: dict[Pair, int] = {}
    for place, delta in totals.items():
        pair = (place.product_id, place.location_id)
        by_pair[pair] = by_pair.get(pair, 0) + delta + found[place]
    shift_by_fact(held.cells, by_pair, event)
    return posted_now[len(extra) :]


def _refuse_below_allocated(held: Held, changes: dict[Place, int]) -> None:
    missing = {}
    for place, delta in changes.items():
        row = held.balances[place]
        left = row.on_hand + delta - row.allocated - row.blocked
        if left < 0:
            missing[row.id] = -left
    if missing:
        raise BelowAllocated([{**row, "missing": missing[row["balance_id"]]} for row in balances_named(missing)])


@use_case("stock.set_opening")
def set_opening(
    rows: Sequence[Opening], *, by: Any, at: datetime | None = None, source: str = "opening"
) -> int:
    """Stock at the start, thousands of rows by a constant number of statements; how many balances were opened.

    A balance is opened once a source: repeated rows change nothing, new ones are added. Raises Invalid, NotFound.
    """
    authorize(by, "stock.set_opening")
    rows = [Opening(*row) for row in rows]
    if any(row.quantity <= 0 for row in rows):
        raise Invalid(_("Opening quantities are above zero."), code="quantity_invalid")
    if not source or len(source) > 60:
        raise Invalid(_("A source has 1 to 60 characters."), code="source_invalid")
    totals: dict[Place, int] = {}
    for row in rows:
        place = Place(row.product_id, row.location_id, row.bin, row.lot)
        totals[place] = totals.get(place, 0) + row.quantity
    if not totals:
        return 0
    places = [Place(row.product_id, row.location_id, row.bin, row.lot) for row in rows]
    held = _hold(_expiries(zip(places, (row.expires_on for row in rows), strict=True)))
    named = {place: f"{source}/{held.balances[place].id}" for place in totals}
    there = sources_posted(named.values())
    new = {place: quantity for place, quantity in totals.items() if named[place] not in there}
    if not new:
        return 0
    event = current().event(
        "stock.opening",
        _product_subjects(place.product_id for place in new),
        {"source": source, "balances": len(new), "units": sum(new.values())},
    )
    post(
        [
            Posting(held.balances[place].id, MovementKind.RECEIPT, quantity=quantity, reason="opening", source=named[place])
            for place, quantity in new.items()
        ],
        event,
    )
    pairs = {(place.product_id, place.location_id) for place in new}
    rebuild_cells({pair: held.cells[pair] for pair in pairs}, event)
    return len(new)
