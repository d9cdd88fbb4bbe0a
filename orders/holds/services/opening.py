"""Parts that open and end holds, set-wise."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from oms.events.services import current, write
from oms.kernel.sqlrows import Part, insert
from orders.holds.choices import OWNERS, STEPS, HoldKind
from orders.holds.models import Hold


@dataclass(frozen=True)
class NewHold:
    """`code` names the rule that holds, `amount` what is at stake, `reason` one sentence for people."""

    kind: str
    code: str
    amount: Decimal
    reason: str


COLUMNS = {
    "order_id": "bigint", "kind": "text", "steps": "text[]", "amount": "numeric", "owner": "text", "code": "text", "reason": "text",
    "opened_at": "timestamptz", "event_id": "bigint", "release_reason": "text", "released_at": "timestamptz",
    "released_by_id": "bigint", "release_amount": "numeric",
}  # fmt: skip


def held(order_id: int, holds: Sequence[NewHold], event_id: int, released: bool = False) -> list[Part]:
    """Holds on an order, to be written; a kind that is already open stays as it is.

    `released` records them without blocking (history of another system).
    """
    cmd = current()
    kinds = [HoldKind(h.kind) for h in holds]
    rows = [
        (order_id, kind, STEPS[kind], h.amount, OWNERS[kind], h.code, h.reason, cmd.at, event_id, "",
         *((cmd.at, cmd.by.pk, h.amount) if released else (None, None, None)))
        for kind, h in zip(kinds, holds, strict=True)
    ]  # fmt: skip
    once = "ON CONFLICT (order_id, kind) WHERE released_at IS NULL DO NOTHING"
    return [insert("holds", "orders_hold", COLUMNS, rows, once)] if rows else []


def open_holds(order_id: int, holds: Sequence[NewHold], event_id: int) -> None:
    """Part: put holds on an order in one statement; a kind that is already open stays as it is."""
    if parts := held(order_id, holds, event_id):
        write(*parts)


def close_holds(order_id: int, reason: str, kinds: Collection[str] | None = None) -> None:
    """Part: end the open holds of an order (of these kinds), because what they held is gone. Nothing is reserved."""
    cmd = current()
    found = Hold.objects.filter(order_id=order_id, released_at__isnull=True)
    if kinds is not None:
        found = found.filter(kind__in=kinds)
    found.update(released_at=cmd.at, released_by_id=cmd.by.pk, release_reason=reason)
