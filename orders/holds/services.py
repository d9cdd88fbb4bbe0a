"""Open and release holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound
from oms.kernel.sqlrows import unnest
from orders.book.locks import lock_order
from orders.book.services import subjects
from orders.holds.choices import OWNERS, STEPS, HoldKind
from orders.holds.models import Hold


@dataclass(frozen=True)
class NewHold:
    """`code` names the rule that holds, `amount` what is at stake, `reason` one sentence for people."""

    kind: str
    code: str
    amount: Decimal
    reason: str


SQL = """
INSERT INTO orders_hold (order_id, kind, steps, amount, owner, code, reason, opened_at, event_id, release_reason,
                         released_at, released_by_id)
SELECT %(order)s, kind, string_to_array(steps, ','), amount, owner, code, reason, %(at)s, %(event)s, '',
       %(released_at)s::timestamptz, %(released_by)s::bigint
FROM {rows} ON CONFLICT (order_id, kind) WHERE released_at IS NULL DO NOTHING
"""
COLUMNS = {"kind": "text", "steps": "text", "amount": "numeric", "owner": "text", "code": "text", "reason": "text"}


def open_holds(order_id: int, holds: Sequence[NewHold], event_id: int, released: bool = False) -> None:
    """Part: put holds on an order in one statement; a kind that is already open stays as it is.

    `released` records them without blocking (history of another system).
    """
    cmd = current()
    if not holds:
        return
    kinds = [HoldKind(h.kind) for h in holds]
    rows = [
        (kind.value, ",".join(STEPS[kind]), h.amount, OWNERS[kind], h.code, h.reason)
        for kind, h in zip(kinds, holds, strict=True)
    ]
    source, parameters = unnest("h", COLUMNS, rows)
    with connection.cursor() as cursor:
        parameters |= {
            "order": order_id, "at": cmd.at, "event": event_id, "released_at": cmd.at if released else None,
            "released_by": cmd.by.pk if released else None,
        }  # fmt: skip
        cursor.execute(SQL.format(rows=source), parameters)


@use_case("orders.place_hold")
def place_hold(order_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Hold an order by hand: it is not released to the warehouse until somebody lifts it. Needs a reason."""
    if not reason.strip():
        raise Invalid(_("Say why the order is held."), code="reason_missing")
    authorize(by, "orders.place_hold")
    order = lock_order(order_id)
    event = current().event(
        "order.held", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": ["manual"]}, note=reason
    )
    open_holds(order.pk, [NewHold(HoldKind.MANUAL, "manual", order.total, reason)], event)


@use_case("orders.release_hold")
def release_hold(hold_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Release one hold, with a reason. A credit hold's amount is reserved on the account from here on, above the limit.

    Raises Forbidden `hold_owner`, Conflict `hold_released`, Invalid `reason_missing`.
    """
    from payments.credit.selectors import account_of
    from payments.credit.services import force_reserve

    if not reason.strip():
        raise Invalid(_("Say why the hold is released."), code="reason_missing")
    found = Hold.objects.filter(pk=hold_id).values_list("order_id", flat=True).first()
    if found is None:
        raise NotFound(_("There is no such hold."), code="hold_missing")
    order = lock_order(found)
    hold = Hold.objects.get(pk=hold_id)
    authorize(by, "orders.release_hold", hold)
    if hold.released_at is not None:
        raise Conflict(_("The hold was released before."), code="hold_released")
    cmd = current()
    event = cmd.event(
        "order.hold_lifted",
        subjects(order.pk, order.customer_id),
        {"order": order.pk, "hold": hold.pk, "kind": hold.kind, "amount": hold.amount},
        note=reason,
    )
    Hold.objects.filter(pk=hold_id).update(released_at=cmd.at, released_by_id=by.pk, release_reason=reason)
    still = Hold.objects.filter(order=order, kind__in=[HoldKind.CREDIT, HoldKind.OVERDUE], released_at__isnull=True)
    if hold.kind in (HoldKind.CREDIT, HoldKind.OVERDUE) and not still.exists():
        force_reserve(account_of(order.payer_id), order.pk, hold.amount, event)
