"""Goods issue: what was allocated leaves."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from inventory.stock.bookings import Pair
from inventory.stock.choices import MovementKind
from inventory.stock.locks import lock_cells
from inventory.stock.selectors import pairs_of_balances
from inventory.stock.services.availability import shift_by_fact
from inventory.stock.services.ledger import Pinned, Posting, post
from inventory.stock.services.netting import netted
from oms.events.services import current


def issue(rows: Sequence[Pinned], event_id: int, at: datetime | None = None, source: str | None = None) -> list[int]:
    """Part: allocated goods leave: on hand and allocated fall together, availability stays. One statement.

    Returns the movements' ids in the order of rows; the first carries the sender's `source`. What left before a count
    and is told after it was not in the count: it is taken back there, and free. Raises Conflict `short` above what is allocated.
    """
    gone: dict[int, int] = {}
    for balance, _order, _line, quantity in rows:
        gone[balance] = gone.get(balance, 0) - quantity
    taken_back = netted(gone, at or current().at) if current().business_at or at else []
    if taken_back:
        pairs = pairs_of_balances({posting.balance_id for posting in taken_back})
        cells = lock_cells(set(pairs.values()))
        change: dict[Pair, int] = {}
        for posting in taken_back:
            change[pairs[posting.balance_id]] = change.get(pairs[posting.balance_id], 0) + posting.quantity
        shift_by_fact(cells, change, event_id)
    issues = [
        Posting(b, MovementKind.ISSUE, quantity=-q, allocated=-q, order_id=o, line_id=x, source=None if n else source)
        for n, (b, o, x, q) in enumerate(rows)
    ]
    return post([*issues, *taken_back], event_id, at)[: len(rows)]
