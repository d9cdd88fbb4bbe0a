"""Decide orders: by the policy in the submission's transaction, or by a person, line by line and by quantity."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.approval.domain import deciding_role
from orders.approval.models import Approval, ApprovalLine
from orders.approval.selectors import band, policy_at
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.selectors import gross_rest
from orders.book.services import add, subjects, transition_to
from orders.holds.choices import Step
from orders.holds.selectors import refuse_if_held
from orders.planning.services import replan_order
from payments.credit.selectors import reserved
from payments.credit.services import release_reservation


@dataclass(frozen=True)
class Decision:
    """For one line, in base units: approve so much, cut so much (with a reason code); the rest stays pending."""

    approve: int
    cut: int = 0
    reason: str = ""


POLICY_SQL = """
WITH a AS (
    INSERT INTO orders_approval (id, order_id, policy_version, entered_by_id, submitted_by_id, amended_by, content_hash,
                                 at, event_id)
    VALUES (%(id)s, %(order)s, %(policy)s, %(by)s, %(by)s, '{}', %(hash)s, %(at)s, %(event)s)
)
INSERT INTO orders_approvalline (approval_id, line_id, approved, cut, reason, event_id)
SELECT %(id)s, line, quantity, 0, '', %(event)s FROM unnest(%(lines)s::bigint[], %(quantities)s::bigint[]) AS t(line, quantity)
"""


def approve_by_policy(
    approval_id: int, order_id: int, policy_version: int, content_hash: bytes, lines: Mapping[int, int], event_id: int
) -> None:
    """Part: the policy version approves {line: quantity} of an order submitted in this transaction; one statement."""
    cmd = current()
    with connection.cursor() as cursor:
        cursor.execute(
            POLICY_SQL,
            {"id": approval_id, "order": order_id, "policy": policy_version, "by": cmd.by.pk, "hash": content_hash,
             "at": cmd.at, "event": event_id, "lines": list(lines), "quantities": list(lines.values())},
        )  # fmt: skip


def take_back_approval(lines: Iterable[OrderLine], event_id: int) -> None:
    """Part: undo what is approved of locked lines, as negative rows beside the decision they undo."""
    approved = {line.pk: line.quantity_approved for line in lines if line.quantity_approved}
    latest: dict[int, int] = {}
    for line_id, approval_id in ApprovalLine.objects.filter(line_id__in=approved).order_by("pk").values_list("line_id", "approval_id"):
        latest[line_id] = approval_id
    ApprovalLine.objects.bulk_create(
        ApprovalLine(approval_id=latest[i], line_id=i, approved=-quantity, event_id=event_id) for i, quantity in approved.items()
    )


@use_case("orders.approve")
def decide(
    order_id: int,
    decisions: Mapping[int, Decision] | None,
    *,
    by: Any,
    at: datetime | None = None,
    shown: Mapping[int, str | None] | None = None,
    accept_changes: bool = False,
) -> Order:
    """Approve and cut by quantity; `decisions` None approves everything pending.

    Re-confirms the dates in the same transaction; `shown` {line: ISO date} are those the approver saw: a later one is
    refused with Conflict `promise_changed` unless `accept_changes`. Everything cut rejects the order.
    Raises Forbidden (own order, above one's limit), Conflict (status, hold, above pending), Invalid.
    """
    order = lock_order(order_id)
    authorize(by, "orders.approve", order)
    lines = {line.pk: line for line in lock_lines([order_id])}
    if order.status not in (OrderStatus.SUBMITTED, OrderStatus.APPROVED):
        raise Conflict(_("The order is %(status)s.") % {"status": order.get_status_display().lower()},
                       code="not_decidable")  # fmt: skip
    refuse_if_held(order_id, Step.APPROVE)
    refuse_above_limit(order, by)
    chosen = checked(decisions, lines)
    if not chosen:
        raise Conflict(_("Nothing of this order is pending."), code="nothing_pending")
    return _decide(order, lines, chosen, shown or {}, accept_changes)


def _decide(
    order: Order,
    lines: dict[int, OrderLine],
    chosen: dict[int, Decision],
    shown: Mapping[int, str | None],
    accept_changes: bool,
) -> Order:
    cmd = current()
    approved = {i: d.approve for i, d in chosen.items() if d.approve}
    cut = {i: d.cut for i, d in chosen.items() if d.cut}
    reasons = sorted({d.reason for d in chosen.values() if d.cut})
    name = "order.approved" if approved else "order.cut"
    event = cmd.event(
        name,
        subjects(order.pk, order.customer_id),
        {"order": order.pk, "approved": approved, "cut": cut, "reasons": reasons},
    )
    approval = Approval.objects.create(
        order=order, by_id=cmd.by.pk, entered_by_id=order.entered_by_id, submitted_by_id=order.submitted_by_id or 0,
        content_hash=order.content_hash, at=cmd.at, event_id=event,
    )  # fmt: skip
    ApprovalLine.objects.bulk_create(
        ApprovalLine(approval=approval, line_id=i, approved=d.approve, cut=d.cut, reason=d.reason, event_id=event)
        for i, d in sorted(chosen.items())
    )
    add({"approved": approved, "cancelled": cut})
    for line_id, decision in chosen.items():
        lines[line_id].quantity_approved += decision.approve
        lines[line_id].quantity_cancelled += decision.cut
    if not any(line.quantity_approved or line.pending for line in lines.values()):
        transition_to(order, OrderStatus.REJECTED, event)
    elif approved and order.status == OrderStatus.SUBMITTED:
        transition_to(order, OrderStatus.APPROVED, event, approved_at=cmd.at, claim_expires_at=None)
    give_back_credit(order, list(lines.values()), event)
    replan_order(order, list(lines.values()), event, shown=shown, accept_changes=accept_changes)
    return order


def give_back_credit(order: Order, lines: list[OrderLine], event_id: int) -> None:
    """Part: lower the order's credit reservation to what the rest of it would be invoiced at."""
    standing = reserved([order.pk]).get(order.pk)
    if standing is None:
        return
    account_id, amount = standing
    surplus = amount - gross_rest(order, lines)
    if surplus > Decimal(0):
        release_reservation(account_id, order.pk, surplus, event_id)


def checked(decisions: Mapping[int, Decision] | None, lines: Mapping[int, OrderLine]) -> dict[int, Decision]:
    """The decisions that do something, each within what is pending and each cut with a reason; None means all.

    Charges and services without a decision of their own go with the goods: approved as soon as any is.
    """
    if decisions is None:
        return {i: Decision(line.pending) for i, line in lines.items() if line.pending > 0}
    unknown = sorted(set(decisions) - set(lines))
    if unknown:
        raise Invalid(_("These lines are not of this order."), code="line_of_other_order", lines=unknown)
    chosen = {i: d for i, d in decisions.items() if d.approve or d.cut}
    for i, decision in chosen.items():
        line = lines[i]
        if decision.approve < 0 or decision.cut < 0 or decision.approve + decision.cut > line.pending:
            raise Conflict(
                _("Line %(n)s: %(asked)s decided, %(pending)s pending.")
                % {"n": line.position, "asked": decision.approve + decision.cut, "pending": line.pending},
                code="above_pending", line=i, pending=line.pending, clears=_("Decide at most what is pending."),
            )  # fmt: skip
        if decision.cut and not decision.reason:
            raise Invalid(_("A cut needs a reason."), code="reason_missing", line=i)
    others = [(i, line) for i, line in lines.items() if line.kind not in SHIPPED_KINDS and i not in decisions and line.pending]
    goods = [(i, line) for i, line in lines.items() if line.kind in SHIPPED_KINDS]
    if any(d.approve for d in chosen.values()):
        chosen |= {i: Decision(line.pending) for i, line in others}
    elif goods and all(line.pending == (chosen[i].cut if i in chosen else 0) and not line.quantity_approved
                       for i, line in goods):
        reason = next(d.reason for d in chosen.values() if d.cut)
        chosen |= {i: Decision(0, line.pending, reason) for i, line in others}
    return chosen


def refuse_above_limit(order: Order, by: Any) -> None:
    """An approver decides up to the policy's limit; above it a manager does."""
    rules = band(policy_at(current().at))
    if by.is_system or Role.MANAGER in by.roles or deciding_role(rules, order.net) == Role.APPROVER:
        return
    raise Forbidden(
        _("%(net)s %(currency)s is above the %(limit)s an approver decides alone.")
        % {"net": order.net, "currency": order.currency_id, "limit": rules.approver_limit},
        code="above_limit", who=Role.MANAGER.label, clears=_("A manager decides it."), limit=str(rules.approver_limit),
    )  # fmt: skip
