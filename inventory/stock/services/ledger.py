"""Parts that post movements: the ledger rows and the balances they move, in one statement whatever the number.

The balances are locked sorted, their movements numbered on from their versions, their sums added. What a balance would
refuse (allocated + blocked above on hand) is found before anything is written; its CHECK stands behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from inventory.stock.choices import MovementKind
from inventory.stock.exceptions import short
from inventory.stock.selectors import balances_named, pairs_of_balances
from inventory.stock.services.availability import take_hard
from oms.events.services import current
from oms.kernel.errors import NotFound
from oms.kernel.sqlrows import relation


class Posting(NamedTuple):
    """One movement to write: signed changes of a balance's on hand, allocated and blocked (base units)."""

    balance_id: int
    kind: str
    quantity: int = 0
    allocated: int = 0
    blocked: int = 0
    reason: str = ""
    order_id: int | None = None
    line_id: int | None = None
    source: str | None = None
    at: datetime | None = None  # when it occurred, where that is not when the others of the statement did


Pinned = tuple[int, int, int, int]  # balance id, order id, line id, quantity

POSTING = {
    "balance_id": "bigint", "kind": "text", "quantity": "bigint", "allocated": "bigint", "blocked": "bigint",
    "reason": "text", "reference_order": "bigint", "reference_line": "bigint", "source": "text",
    "at": "timestamptz", "n": "bigint",
}  # fmt: skip
POST = """
WITH m AS MATERIALIZED (SELECT * FROM {source}),
s AS (
    SELECT balance_id AS id, count(*) AS movements, sum(quantity) AS quantity, sum(allocated) AS allocated,
           sum(blocked) AS blocked
    FROM m GROUP BY balance_id
), l AS (
    SELECT id, product_id, location_id, on_hand, allocated, blocked, version FROM inventory_balance
    WHERE id = ANY(%(balances)s::bigint[]) ORDER BY id FOR NO KEY UPDATE
), refused AS MATERIALIZED (
    SELECT s.id FROM s LEFT JOIN l USING (id)
    WHERE l.id IS NULL OR l.allocated + s.allocated < 0 OR l.blocked + s.blocked < 0
        OR l.on_hand + s.quantity < l.allocated + s.allocated + l.blocked + s.blocked
), moved AS (
    UPDATE inventory_balance b SET on_hand = l.on_hand + s.quantity, allocated = l.allocated + s.allocated,
           blocked = l.blocked + s.blocked, version = l.version + s.movements
    FROM l JOIN s USING (id) WHERE b.id = l.id AND NOT EXISTS (SELECT FROM refused)
    RETURNING b.id, b.product_id, b.location_id, l.version
), numbered AS MATERIALIZED (
    SELECT nextval('inventory_movement_id_seq') AS id, m.*, moved.product_id, moved.location_id,
           moved.version + row_number() OVER (PARTITION BY m.balance_id ORDER BY m.n) AS version
    FROM m JOIN moved ON moved.id = m.balance_id
), written AS (
    INSERT INTO inventory_movement (id, balance_id, product_id, location_id, kind, quantity, allocated, blocked,
        version, reason, reference_order, reference_line, source, occurred_at, event_id)
    SELECT id, balance_id, product_id, location_id, kind, quantity, allocated, blocked,
        version, reason, reference_order, reference_line, source, coalesce(at, %(at)s::timestamptz), %(event)s::bigint
    FROM numbered
)
SELECT (SELECT array_agg(id ORDER BY n) FROM numbered), (SELECT array_agg(id ORDER BY id) FROM refused)
"""


def post(postings: Sequence[Posting], event_id: int, at: datetime | None = None) -> list[int]:
    """Part: write the movements and move their balances; the movements' ids in the order given. One statement.

    Raises Conflict `short` when a balance cannot give what is asked, NotFound when it does not exist; nothing is
    written then.
    """
    command = current()
    if not postings:
        return []
    source, parameters = relation("t", POSTING, [(*p, n) for n, p in enumerate(postings)])
    balances = sorted({p.balance_id for p in postings})
    with connection.cursor() as cursor:
        cursor.execute(
            POST.format(source=source),
            {**parameters, "balances": balances, "at": at or command.at, "event": event_id},
        )
        ids, refused = cursor.fetchone()
    if refused:
        raise _refusal(postings, refused)
    return list(ids)


def _refusal(postings: Iterable[Posting], refused: Sequence[int]) -> Exception:
    asked: dict[int, int] = {}
    for p in postings:
        asked[p.balance_id] = asked.get(p.balance_id, 0) + p.allocated + p.blocked - p.quantity
    rows = balances_named(refused)
    if len(rows) < len(refused):
        return NotFound(_("There is no such stock."), code="unknown_stock", balances=list(refused))
    return short([{**row, "asked": asked[row["balance_id"]], "available": row["free"]} for row in rows])


def allocate(rows: Sequence[Pinned], event_id: int) -> list[int]:
    """Part: pin (balance id, order id, line id, quantity) to order lines; the movements' ids.

    Takes the quantity from availability on every day, so the caller first gives back the soft booking it replaces
    (`book_by_day` with minus), in this transaction. Raises Conflict `short`. Four statements.
    """
    _take_hard(rows, 1)
    return post(
        [Posting(b, MovementKind.ALLOCATE, allocated=q, order_id=o, line_id=x) for b, o, x, q in rows], event_id
    )


def deallocate(rows: Sequence[Pinned], event_id: int) -> list[int]:
    """Part: the inverse of `allocate`: the quantity is free again on every day. Four statements."""
    _take_hard(rows, -1)
    return post(
        [Posting(b, MovementKind.DEALLOCATE, allocated=-q, order_id=o, line_id=x) for b, o, x, q in rows], event_id
    )


def _take_hard(rows: Sequence[Pinned], sign: int) -> None:
    pairs = pairs_of_balances({row[0] for row in rows})
    missing = sorted({row[0] for row in rows} - pairs.keys())
    if missing:
        raise NotFound(_("There is no such stock."), code="unknown_stock", balances=missing)
    take_hard([(*pairs[balance], sign * quantity) for balance, _order, _line, quantity in rows])


def reverse_issue(rows: Sequence[Pinned], event_id: int) -> list[int]:
    """Part: goods that never left are on the shelf: on hand rises, free on every day. The movements, in the order of rows."""
    return post([Posting(b, MovementKind.ISSUE_REVERSAL, quantity=q, order_id=o, line_id=x) for b, o, x, q in rows], event_id)
