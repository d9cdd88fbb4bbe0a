"""Parts for stock that may not be promised: it enters blocked (returns), and leaves to the shelf or to the scrap heap."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from inventory.stock.bookings import Pair
from inventory.stock.choices import MovementKind
from inventory.stock.exceptions import BelowAllocated
from inventory.stock.locks import Place, lock_cells, lock_lot, open_balances, open_cells
from inventory.stock.models import Balance
from inventory.stock.selectors import balances_named, pairs_of_balances
from inventory.stock.services.availability import shift_by_fact
from inventory.stock.services.ledger import Posting, post, reverse_issue
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid, NotFound


class BlockedIn(NamedTuple):
    """`quantity` base units come into a place and stand blocked; `order_id`, `line_id` are opaque, `source` the sender's id."""

    place: Place
    expires_on: date | None
    quantity: int
    order_id: int | None = None
    line_id: int | None = None
    source: str | None = None


class BlockedOut(NamedTuple):
    """`quantity` blocked base units of a balance are free again, or are gone."""

    balance_id: int
    quantity: int
    order_id: int | None = None
    line_id: int | None = None


def take_blocked(rows: Sequence[BlockedIn], kind: MovementKind, reason: str, event_id: int) -> list[tuple[int, int]]:
    """Part: on hand and blocked rise together, availability stays; (balance, movement) in the order of rows.

    Raises Invalid `lot_expiry`, NotFound `unknown_stock`. Availability before balances. Five statements.
    """
    if not rows:
        return []
    open_cells({(row.place.product_id, row.place.location_id) for row in rows})
    balances = open_balances({row.place: row.expires_on for row in rows})
    movements = post(
        [Posting(balances[row.place].id, kind, quantity=row.quantity, blocked=row.quantity, reason=reason,
                 order_id=row.order_id, line_id=row.line_id, source=row.source) for row in rows],
        event_id,
    )  # fmt: skip
    return [(balances[row.place].id, movement) for row, movement in zip(rows, movements, strict=True)]


def unblock(rows: Sequence[BlockedOut], reason: str, event_id: int) -> list[int]:
    """Part: blocked units are free on every day; the movements. Raises Conflict `short` above what is blocked."""
    if not rows:
        return []
    pairs = pairs_of_balances({row.balance_id for row in rows})
    cells = lock_cells(set(pairs.values()))
    movements = post(
        [Posting(r.balance_id, MovementKind.UNBLOCK, blocked=-r.quantity, reason=reason, order_id=r.order_id, line_id=r.line_id)
         for r in rows],
        event_id,
    )  # fmt: skip
    change: dict[Pair, int] = {}
    for row in rows:
        change[pairs[row.balance_id]] = change.get(pairs[row.balance_id], 0) + row.quantity
    shift_by_fact(cells, change, event_id)
    return movements


def scrap(rows: Sequence[BlockedOut], reason: str, event_id: int) -> list[int]:
    """Part: blocked units leave for good, availability stays; the movements. Raises Conflict `short` above what is blocked."""
    return post(
        [Posting(r.balance_id, MovementKind.SCRAP, quantity=-r.quantity, blocked=-r.quantity, reason=reason, order_id=r.order_id,
                 line_id=r.line_id) for r in rows],
        event_id,
    )  # fmt: skip


@use_case("stock.block")
def block(
    location_id: int, product_id: int, lot: str, reason: str, *, by: Any, at: datetime | None = None, bin: str | None = None
) -> int:
    """Block everything of a lot at a location (or of one bin): it may not be promised or picked. Returns the units blocked.

    A fact: what was promised of it becomes shortfall. Raises BelowAllocated when orders hold of it, Invalid `reason_missing`.
    """
    authorize(by, "stock.adjust", location_id)
    if not reason.strip():
        raise Invalid(_("Say why the stock is blocked."), code="reason_missing")
    cells = open_cells({(product_id, location_id)})
    rows = [b for b in lock_lot(product_id, location_id, lot) if bin is None or b.bin == bin]
    held = {b.id: b.allocated for b in rows if b.allocated}
    if held:
        raise BelowAllocated([{**row, "missing": held[row["balance_id"]]} for row in balances_named(held)])
    units = {b.id: b.on_hand - b.blocked for b in rows if b.on_hand > b.blocked}
    if not units:
        return 0
    event = current().event("stock.blocked", [("product", product_id), ("location", location_id)],
                            {"location": location_id, "balances": sorted(units.items()), "reason": reason[:30]})
    post([Posting(b, MovementKind.BLOCK, blocked=q, reason=reason[:30]) for b, q in units.items()], event)
    shift_by_fact(cells, {(product_id, location_id): -sum(units.values())}, event)
    return sum(units.values())


@use_case("stock.unblock")
def release_block(balance_id: int, quantity: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Blocked units of a place are good: free on every day again. Raises Conflict `short` above what is blocked, Invalid."""
    row = Balance.objects.filter(pk=balance_id).first()
    if row is None:
        raise NotFound(_("There is no such stock."), code="unknown_stock")
    authorize(by, "stock.adjust", row.location_id)
    if quantity <= 0 or not reason.strip():
        raise Invalid(_("Say how many units are free, and why."), code="quantity_invalid")
    event = current().event("stock.unblocked", [("product", row.product_id), ("location", row.location_id)],
                            {"balance": balance_id, "quantity": quantity, "reason": reason[:30]})
    unblock([BlockedOut(balance_id, quantity)], reason[:30], event)


def give_up_blocked(rows: Sequence[BlockedOut], event_id: int) -> None:
    """Part: blocked units that are not there: no longer blocked, so that the fact that took them can be posted next."""
    unblock(rows, "gone", event_id)


def put_back(rows: Sequence[tuple[int, int, int, int]], reason: str, event_id: int) -> list[int]:
    """Part: allocated units (balance, order, line, quantity) stand blocked instead; availability stays. One statement."""
    return post([Posting(b, MovementKind.BLOCK, allocated=-q, blocked=q, reason=reason[:30], order_id=o, line_id=x) for b, o, x, q in rows], event_id)


def shelve(rows: Sequence[tuple[int, int, int, int]], event_id: int) -> list[int]:
    """Part: (balance, order, line, quantity) of an issue that never happened are back on the shelf, free at once."""
    pairs = pairs_of_balances({row[0] for row in rows})
    cells = lock_cells(set(pairs.values()))
    movements = reverse_issue(rows, event_id)
    change: dict[Pair, int] = {}
    for balance, _order, _line, quantity in rows:
        change[pairs[balance]] = change.get(pairs[balance], 0) + quantity
    shift_by_fact(cells, change, event_id)
    return movements
