"""Use cases that post physical facts: received, adjusted, counted, transferred, opening stock.

A fact is never refused for lack of stock: below zero a `found` movement is posted first, and availability takes the
shortfall with the fact's event. Only what orders hold stops it: `BelowAllocated`, for the caller that can release it.
Facts are idempotent by `source`: the same source moves stock once and is answered with the same movements.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar

from django.utils.translation import gettext as _

from inventory.stock.choices import MovementKind
from inventory.stock.exceptions import BelowAllocated
from inventory.stock.locks import Place
from inventory.stock.models import Balance, CountedPlace
from inventory.stock.selectors import (
    balances_named,
    counted_before,
    moved_since,
    sources_posted,
)
from inventory.stock.services import adjusting
from inventory.stock.services.availability import rebuild_cells, shift_by_fact
from inventory.stock.services.holding import Held, expiries, hold, known_to, numbered, product_subjects
from inventory.stock.services.ledger import Posting, post
from inventory.stock.services.netting import netted
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


class Moved(NamedTuple):
    """`delta` base units came from another location into a place, or left it for one."""

    product_id: int
    bin: str
    lot: str
    delta: int
    expires_on: date | None = None


class Opening(NamedTuple):
    """Stock that lay there before the system began."""

    product_id: int
    location_id: int
    bin: str
    lot: str
    expires_on: date | None
    quantity: int


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
    sources = numbered(source, len(rows))
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    held = hold(expiries(zip(places, (row.expires_on for row in rows), strict=True)))
    if known := known_to(sources):
        return known
    event = current().event(
        "stock.received",
        [*product_subjects(row.product_id for row in rows), ("location", location_id)],
        {"location": location_id, "source": source, "rows": [[r.product_id, r.quantity, r.receipt_id] for r in rows]},
    )
    taken_back = netted(summed((held.balances[p].id, row.quantity) for p, row in zip(places, rows, strict=True)), current().at)
    postings = [
        Posting(held.balances[place].id, MovementKind.RECEIPT, quantity=row.quantity, source=row_source)
        for row, place, row_source in zip(rows, places, sources, strict=True)
    ]
    movements = post([*postings, *taken_back], event)[: len(rows)]
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
    proposed_by_id: int | None = None,
) -> list[int]:
    """On hand was not what the books said: change it by the deltas (breakage, loss, found), with a reason code.

    Above the location's limit, at standard cost, somebody else than `by` has proposed it. Raises BelowAllocated when
    orders hold what is gone; Invalid without reason or change; Forbidden (`second_person`, other location), NotFound.
    """
    rows = [Change(*row) for row in rows]
    worth = adjusting.checked(location_id, rows, reason, by, proposed_by_id)
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    held = hold(dict.fromkeys(places))
    sources = numbered(source, len(rows))
    if known := known_to(sources):
        return known
    event, movements = _post_fact(
        "stock.adjusted", location_id, held, MovementKind.ADJUST, reason.strip(),
        list(zip(places, (row.delta for row in rows), sources, strict=True)),
    )  # fmt: skip
    adjusting.record(location_id, reason, worth, movements, proposed_by_id, event)
    return movements


@use_case("stock.transfer")
def transfer(
    location_id: int, rows: Sequence[Moved], reference: str, *, by: Any, at: datetime | None = None, source: str | None = None
) -> list[int]:
    """Units left for another location or came from one (`reference`: the transfer's number); one movement a row.

    Raises BelowAllocated when orders hold what left; Invalid, NotFound, Forbidden (other location).
    """
    authorize(by, "stock.transfer", location_id)
    rows = [Moved(*row) for row in rows]
    if not rows or any(row.delta == 0 for row in rows):
        raise Invalid(_("A transfer moves something."), code="quantity_invalid")
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    held = hold(expiries(zip(places, (row.expires_on for row in rows), strict=True)))
    _event, movements = _post_fact(
        "stock.transferred", location_id, held, MovementKind.TRANSFER, reference,
        list(zip(places, (row.delta for row in rows), numbered(source, len(rows)), strict=True)),
    )  # fmt: skip
    return movements


@use_case("stock.count")
def count(
    location_id: int,
    rows: Sequence[Counted],
    *,
    by: Any,
    at: datetime | None = None,
    source: str | None = None,
    as_of: datetime | None = None,
) -> list[int]:
    """What was counted, `as_of` (default `at`): the difference to the books at that time is posted; movements' ids.

    What occurred after it is netted out, also what is told only later. No difference, no movement. Raises BelowAllocated,
    Invalid (a place twice, below zero, a time to come), Forbidden, NotFound.
    """
    authorize(by, "stock.count", location_id)
    rows = [Counted(*row) for row in rows]
    places = [Place(row.product_id, location_id, row.bin, row.lot) for row in rows]
    if not rows or any(row.quantity < 0 for row in rows) or len(set(places)) != len(places):
        raise Invalid(_("Every place is counted once, at zero or more."), code="quantity_invalid")
    moment = as_of or current().at
    if moment > current().clock:
        raise Invalid(_("Nothing was counted in the future."), code="counted_later", errors=[
            {"field": "as_of", "message": _("This is still to come.")}])  # fmt: skip
    held = hold(dict.fromkeys(places))
    sources = numbered(source, len(rows))
    if counted_before(sources):
        return known_to(sources)
    later = moved_since([held.balances[place].id for place in places], moment)
    differences = {
        place: row.quantity - held.balances[place].on_hand + later.get(held.balances[place].id, 0)
        for row, place in zip(rows, places, strict=True)
    }
    changes = [(place, differences[place], row_source) for place, row_source in zip(places, sources, strict=True) if differences[place]]
    event, movements = _post_fact("stock.counted", location_id, held, MovementKind.COUNT, "count", changes, moment)
    by_place = dict(zip((place for place, _d, _s in changes), movements, strict=True))
    record_counts(
        [(held.balances[place].id, row.quantity, differences[place], by_place.get(place), row_source)
         for row, place, row_source in zip(rows, places, sources, strict=True)],
        moment, event,
    )  # fmt: skip
    return movements


def record_counts(rows: Sequence[tuple[int, int, int, int | None, str | None]], as_of: datetime, event_id: int) -> None:
    """Part: (balance, counted, difference, movement, source) of locked balances into the ledger of counts. Two statements."""
    versions = dict(Balance.objects.filter(pk__in=[row[0] for row in rows]).values_list("pk", "version"))
    CountedPlace.objects.bulk_create(
        CountedPlace(balance_id=balance, as_of=as_of, quantity=quantity, difference=difference, movement_id=movement,
                     version=versions[balance], source=source, by_id=current().by.pk, event_id=event_id)
        for balance, quantity, difference, movement, source in rows
    )  # fmt: skip


def _post_fact(
    name: str,
    location_id: int,
    held: Held,
    kind: MovementKind,
    reason: str,
    changes: Sequence[tuple[Place, int, str | None]],
    at: datetime | None = None,
) -> tuple[int, list[int]]:
    """Post signed changes of on hand; availability follows. (event, movements in the order of changes)

    What a later count has seen is taken back there; what would fall below zero is `found` first, now.
    """
    totals = summed((place, delta) for place, delta, _source in changes)
    moment = at or current().at
    taken_back = netted({held.balances[place].id: q for place, q in totals.items()}, moment, count=kind == MovementKind.COUNT)
    back = {posting.balance_id: posting.quantity for posting in taken_back}
    stays = {place: delta + back.get(held.balances[place].id, 0) for place, delta in totals.items()}
    found = {place: max(0, -(held.balances[place].on_hand + delta)) for place, delta in stays.items()}
    _refuse_below_allocated(held, {place: delta + found[place] for place, delta in stays.items()})
    event = current().event(
        name,
        [*product_subjects(place.product_id for place in totals), ("location", location_id)],
        {"location": location_id, "reason": reason,
         "rows": [[held.balances[place].id, delta, found[place]] for place, delta in sorted(totals.items())]},
    )  # fmt: skip
    extra = [
        Posting(held.balances[place].id, MovementKind.FOUND, quantity=quantity, reason=reason, at=current().clock)
        for place, quantity in sorted(found.items())
        if quantity
    ] + taken_back
    posted_now = post(
        extra
        + [Posting(held.balances[p].id, kind, quantity=delta, reason=reason, source=s) for p, delta, s in changes],
        event,
        moment,
    )
    shift_by_fact(held.cells, summed(((p.product_id, p.location_id), q + found[p]) for p, q in stays.items()), event)
    return event, posted_now[len(extra) :]


K = TypeVar("K")


def summed(rows: Iterable[tuple[K, int]]) -> dict[K, int]:
    """(key, quantity) added up by key."""
    totals: dict[K, int] = {}
    for key, quantity in rows:
        totals[key] = totals.get(key, 0) + quantity
    return totals


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
    held = hold(expiries(zip(places, (row.expires_on for row in rows), strict=True)))
    named = {place: f"{source}/{held.balances[place].id}" for place in totals}
    there = sources_posted(named.values())
    new = {place: quantity for place, quantity in totals.items() if named[place] not in there}
    if not new:
        return 0
    event = current().event(
        "stock.opening",
        product_subjects(place.product_id for place in new),
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


class Left(NamedTuple):
    """`quantity` units left a place; `order_id` and `line_id` (opaque) when an order line covers them, else nobody does."""

    place: Place
    quantity: int
    order_id: int | None = None
    line_id: int | None = None
    source: str | None = None


def leave(location_id: int, rows: Sequence[Left], reason: str) -> list[int]:
    """Part: units that were not allocated left: issued to their order line, or as `unauthorised_issue`; one movement a row.

    Below zero a `found` movement is posted first. Raises BelowAllocated, before anything is written.
    """
    if not rows:
        return []
    held = hold(dict.fromkeys(row.place for row in rows))
    gone = summed((row.place, row.quantity) for row in rows)
    taken_back = netted({held.balances[place].id: -quantity for place, quantity in gone.items()}, current().at)
    back = {posting.balance_id: posting.quantity for posting in taken_back}
    stays = {place: quantity - back.get(held.balances[place].id, 0) for place, quantity in gone.items()}
    found = {place: max(0, quantity - held.balances[place].on_hand) for place, quantity in stays.items()}
    _refuse_below_allocated(held, {place: found[place] - quantity for place, quantity in stays.items()})
    event = current().event(
        "stock.left", [*product_subjects(place.product_id for place in gone), ("location", location_id)],
        {"location": location_id, "reason": reason,
         "rows": [[held.balances[r.place].id, r.quantity, r.line_id] for r in rows], "found": sum(found.values())},
    )  # fmt: skip
    now = current().clock
    first = [Posting(held.balances[p].id, MovementKind.FOUND, quantity=q, reason=reason, at=now) for p, q in sorted(found.items()) if q]
    post([*first, *taken_back], event)
    lines = [row for row in rows if row.line_id]
    post([Posting(held.balances[r.place].id, MovementKind.ALLOCATE, allocated=r.quantity, order_id=r.order_id, line_id=r.line_id) for r in lines], event)
    movements = post(
        [Posting(held.balances[r.place].id, MovementKind.ISSUE, -r.quantity, -r.quantity, 0, reason, r.order_id, r.line_id, r.source)
         if r.line_id else Posting(held.balances[r.place].id, MovementKind.UNAUTHORISED, -r.quantity, reason=reason, source=r.source)
         for r in rows],
        event,
    )  # fmt: skip
    shift_by_fact(held.cells, summed(((p.product_id, p.location_id), found[p] - q) for p, q in stays.items()), event)
    return movements


def passed_through(location_id: int, rows: Sequence[Left], reason: str) -> list[int]:
    """Part: units of order lines that lay there and left before this system began; what lies there now is as before.

    Each row is opened and issued at the command's time; the issues' movements, in the order of rows.
    """
    held = hold(dict.fromkeys(row.place for row in rows))
    event = current().event(
        "stock.left", [*product_subjects(row.place.product_id for row in rows), ("location", location_id)],
        {"location": location_id, "reason": reason, "rows": [[held.balances[r.place].id, r.quantity, r.line_id] for r in rows], "found": 0},
    )  # fmt: skip
    there = [(held.balances[row.place].id, row) for row in rows]
    post([Posting(b, MovementKind.RECEIPT, quantity=r.quantity, reason="opening") for b, r in there], event)
    post([Posting(b, MovementKind.ALLOCATE, allocated=r.quantity, order_id=r.order_id, line_id=r.line_id) for b, r in there], event)
    return post([Posting(b, MovementKind.ISSUE, -r.quantity, -r.quantity, 0, reason, r.order_id, r.line_id, r.source) for b, r in there], event)
