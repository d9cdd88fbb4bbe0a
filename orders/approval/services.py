"""Decide orders: by the policy in the submission's transaction, or by a person, line by line and by quantity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext as _

from customers.territory.models import Territory
from oms.accounts.choices import Role
from oms.accounts.policies import authorize, who_may
from oms.changes.models import ChangeRequest
from oms.changes.services import propose
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from oms.kernel.sqlrows import Part, insert
from orders.approval.domain import RULES, Limit, deciding_role, needs_second, read_limits
from orders.approval.models import Approval, ApprovalLine, ApprovalPolicy, PolicyLimit
from orders.approval.selectors import band, limits_of, policy_at, policy_of, together
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.services import add, subjects, transition_to
from orders.holds.choices import HoldKind, Step
from orders.holds.selectors import open_holds, refuse_if_held
from orders.holds.services import close_holds, fit_credit, fit_quota, gate
from orders.planning.services import replan_order


@dataclass(frozen=True)
class Decision:
    """For one line, in base units: approve so much, cut so much (with a reason code); the rest stays pending."""

    approve: int
    cut: int = 0
    reason: str = ""


APPROVAL_COLUMNS = {
    "id": "bigint", "order_id": "bigint", "policy_version": "int", "entered_by_id": "bigint", "submitted_by_id": "bigint",
    "amended_by": "bigint[]", "content_hash": "bytea", "at": "timestamptz", "event_id": "bigint",
}  # fmt: skip
APPROVAL_LINE_COLUMNS = {
    "approval_id": "bigint", "line_id": "bigint", "approved": "bigint", "cut": "bigint", "reason": "text", "event_id": "bigint",
}  # fmt: skip


def approved_by_policy(
    approval_id: int, order_id: int, policy_version: int, content_hash: bytes, lines: Mapping[int, int], event_id: int,
    entered_by: int | None = None,
) -> list[Part]:
    """The policy version approves {line: quantity} of an order submitted in this transaction, to be written with it."""
    cmd = current()
    decided = (approval_id, order_id, policy_version, entered_by or cmd.by.pk, cmd.by.pk, (), content_hash, cmd.at, event_id)
    approved = [(approval_id, line, quantity, 0, "", event_id) for line, quantity in lines.items()]
    return [
        insert("approvals", "orders_approval", APPROVAL_COLUMNS, [decided]),
        insert("approved", "orders_approvalline", APPROVAL_LINE_COLUMNS, approved),
    ]


def take_back_approval(units: Mapping[int, int], event_id: int) -> None:
    """Part: undo {line: units} of what is approved of locked lines, as negative rows beside the decision they undo."""
    approved = {i: q for i, q in units.items() if q}
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
    version: int | None = None,
) -> Order:
    """Approve and cut by quantity; `decisions` None approves everything pending. `version` is the one the approver saw.

    Re-confirms the dates in the same transaction; `shown` {line: ISO date} are those the approver saw: a later one is
    refused with Conflict `promise_changed` unless `accept_changes`. Everything cut rejects the order.
    Raises Forbidden (own order, above one's limit), Stale, Conflict (status, hold, above pending), Invalid.
    """
    order = lock_order(order_id)
    authorize(by, "orders.approve", order)
    refuse_if_changed(order, version)
    lines = {line.pk: line for line in lock_lines([order_id])}
    if order.status not in (OrderStatus.SUBMITTED, OrderStatus.APPROVED):
        raise Conflict(_("The order is %(status)s.") % {"status": order.get_status_display().lower()},
                       code="not_decidable")  # fmt: skip
    chosen = checked(decisions, lines)
    if not chosen:
        raise Conflict(_("Nothing of this order is pending."), code="nothing_pending")
    if any(d.approve for d in chosen.values()):  # what is held may be cut
        refuse_if_held(order_id, Step.APPROVE)
        gate(order)
    refuse_above_limit(order, by)
    if any(d.approve for d in chosen.values()) and first_signature(order, by):
        return order
    return _decide(order, lines, chosen, shown or {}, accept_changes)


@use_case("orders.decided_elsewhere")
def decided_elsewhere(
    order_id: int, decisions: Mapping[int, Decision] | None, *, by: Any, policy: bool = False, at: datetime | None = None
) -> Order:  # fmt: skip
    """What was decided in another system: by `by`, who may approve (never what they entered), or by the policy of that day.

    The limits of today's policy, second signatures and holds do not bind it. Raises as `decide`; Conflict `no_policy`.
    """
    order = lock_order(order_id)
    authorize(by, "orders.enter_history" if policy else "orders.approve", None if policy else order)
    lines = {line.pk: line for line in lock_lines([order_id])}
    chosen = checked(decisions, lines)
    if not chosen:
        raise Conflict(_("Nothing of this order is pending."), code="nothing_pending")
    version = policy_of(order).version if policy else 0
    if policy and not version:
        raise Conflict(_("No policy was active then; name who approved it."), code="no_policy")
    return _decide(order, lines, chosen, {}, True, version)


def _decide(
    order: Order,
    lines: dict[int, OrderLine],
    chosen: dict[int, Decision],
    shown: Mapping[int, str | None],
    accept_changes: bool,
    policy: int = 0,
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
        order=order, by_id=None if policy else cmd.by.pk, policy_version=policy or None, entered_by_id=order.entered_by_id,
        submitted_by_id=order.submitted_by_id or 0, amended_by=order.amended_by, content_hash=order.content_hash, at=cmd.at, event_id=event,
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
        transition_to(order, OrderStatus.REJECTED, event, claim_expires_at=None, undecided_since=None)
        close_holds(order.pk, _("Rejected."))
    elif approved and order.status == OrderStatus.SUBMITTED:
        transition_to(order, OrderStatus.APPROVED, event, approved_at=cmd.at, claim_expires_at=None, undecided_since=None)
    elif order.status == OrderStatus.APPROVED:
        Order.objects.filter(pk=order.pk).update(claim_expires_at=None, undecided_since=None)
    if approved:
        Order.objects.filter(pk=order.pk).update(amended_by=[])
        close_holds(order.pk, _("Approved with its present terms."), [HoldKind.REAPPROVAL])
    fit_credit(order, list(lines.values()), event)
    if cut:
        fit_quota(order, list(lines.values()), event)
    replan_order(order, list(lines.values()), event, shown=shown, accept_changes=accept_changes)
    return order


@use_case("orders.reapprove")
def reapprove(order_id: int, *, by: Any, version: int | None = None, at: datetime | None = None) -> Order:
    """Approve the changed terms of an approved order: binds its present content and ends the hold `reapproval`.

    By who neither entered, submitted nor amended it, within their limit. Raises Forbidden, Stale `order_changed` when it is
    not at `version` any more, Conflict `nothing_to_reapprove`, `held`, and what the account refuses.
    """
    order = lock_order(order_id)
    authorize(by, "orders.approve", order)
    refuse_if_changed(order, version)
    if not open_holds([order_id]).filter(kind=HoldKind.REAPPROVAL).exists():
        raise Conflict(_("Nothing of this order waits to be approved anew."), code="nothing_to_reapprove")
    refuse_if_held(order_id, Step.APPROVE)
    gate(order)
    refuse_above_limit(order, by)
    cmd = current()
    event = cmd.event("order.reapproved", subjects(order.pk, order.customer_id), {"order": order.pk, "total": order.total})
    Approval.objects.create(
        order=order, by_id=by.pk, entered_by_id=order.entered_by_id, submitted_by_id=order.submitted_by_id or 0,
        amended_by=order.amended_by, content_hash=order.content_hash, at=cmd.at, event_id=event,
    )  # fmt: skip
    close_holds(order_id, _("Approved anew."), [HoldKind.REAPPROVAL])
    Order.objects.filter(pk=order_id).update(amended_by=[])
    return order


def refuse_if_changed(order: Order, version: int | None) -> None:
    """Raise Stale `order_changed` when somebody saw another version than the one that is decided."""
    if version is not None and order.version != version:
        raise Stale(_("The order was changed since you opened it."), code="order_changed", version=order.version,
                    clears=_("Look at it as it is now."))  # fmt: skip


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
    """An approver decides up to the limits of the order's policy version; above them a manager does.

    Orders of the customer that count with it count here too, whichever was submitted first.
    """
    policy = policy_of(order)
    rules, others = band(policy, order), together(order, policy.together_hours)
    discount = order.lines.aggregate(n=Max("discount"))["n"] or Decimal(0)
    if by.is_system or Role.MANAGER in by.roles or deciding_role(rules, order.net + others, discount) == Role.APPROVER:
        return
    if discount > rules.approver_max_discount:
        raise Forbidden(
            _("A discount of %(discount)s %% is above the %(limit)s %% an approver decides alone.")
            % {"discount": f"{discount * 100:f}".rstrip("0").rstrip("."), "limit": f"{rules.approver_max_discount * 100:f}".rstrip("0").rstrip(".")},
            code="above_discount", who=Role.MANAGER.label, clears=_("A manager decides it."),
        )  # fmt: skip
    sentence = _("%(net)s %(currency)s is above the %(limit)s an approver decides alone.")
    if others:
        sentence = _("%(net)s %(currency)s, with %(others)s of the same customer's orders within %(hours)s hours, is above the %(limit)s an approver decides alone.")
    raise Forbidden(
        sentence % {"net": order.net, "currency": order.currency_id, "limit": rules.approver_limit, "others": others, "hours": policy.together_hours},
        code="above_limit", who=Role.MANAGER.label, clears=_("A manager decides it."), limit=str(rules.approver_limit),
    )  # fmt: skip


def first_signature(order: Order, by: Any) -> bool:
    """Part: whether this approval is only the first of the two that the order needs; it is then written, binding its content.

    Raises Forbidden `second_person` when the same person would sign twice.
    """
    policy = policy_of(order)
    if by.is_system or not needs_second(band(policy, order), order.net + together(order, policy.together_hours)):
        return False
    signed = Approval.objects.filter(order=order, by__isnull=False, lines__isnull=True, content_hash=order.content_hash,
                                     at__gte=order.undecided_since or order.entered_at)  # fmt: skip
    others = [a.by_id for a in signed]
    if by.pk in others:
        raise Forbidden(_("You approved it; it needs a second person above %(limit)s %(currency)s.")
                        % {"limit": policy.second_above, "currency": order.currency_id},
                        code="second_person", who=who_may("orders.approve"), clears=_("Ask another one to approve it."))  # fmt: skip
    if others:
        return False
    cmd = current()
    event = cmd.event("order.first_approval", subjects(order.pk, order.customer_id), {"order": order.pk, "net": order.net})
    Approval.objects.create(
        order=order, by_id=by.pk, entered_by_id=order.entered_by_id, submitted_by_id=order.submitted_by_id or 0,
        amended_by=order.amended_by, content_hash=order.content_hash, at=cmd.at, event_id=event,
    )  # fmt: skip
    return True


@use_case("orders.propose_policy")
def propose_policy(rules: Mapping[str, Any], reason: str, *, by: Any, at: datetime | None = None) -> ChangeRequest:
    """Propose the next version of the approval policy ({field: value} of orders.approval.domain.RULES, plain text values; `limits`
    as `domain.read_limits` reads them, those of the version before when it is missing).

    It rules new orders from its confirmation by another person on. Raises Invalid `bad_policy`, what `oms.changes` raises.
    """
    before = policy_at(current().at)
    standing = "\n".join(map(str, limits_of(before))) if before.pk else ""
    rules = {**rules, "limits": str(rules["limits"]).strip() if rules.get("limits") is not None else standing}
    checked_rules(rules)
    checked_limits(rules["limits"])
    title = _("Approval policy after version %(n)s") % {"n": before.version}
    was = {"version": before.version, "limits": standing}
    return propose("orders.policy", ("approval_policy", 0), title, rules, reason, by=by, at=at, before=was)


def checked_limits(text: str) -> list[Limit]:
    """The other limits of a text; Invalid `bad_policy` names the lines that are none and the regions that do not exist."""
    limits, wrong = read_limits(text)
    known = set(Territory.objects.filter(code__in={x.region for x in limits}).values_list("code", flat=True))
    message = ""
    if wrong:
        message = _("Line %(n)s is not a class (or *), a region (or *) and two amounts.") % {"n": ", ".join(map(str, wrong))}
    elif unknown := sorted({x.region for x in limits if x.region} - known):
        message = _("There is no region %(code)s.") % {"code": ", ".join(unknown)}
    if message:
        raise Invalid(message, code="bad_policy", errors=[{"field": "limits", "message": message}])
    return limits


def checked_rules(rules: Mapping[str, Any]) -> ApprovalPolicy:
    """The unsaved policy of {field: text}; Invalid `bad_policy` with every wrong field."""
    values: dict[str, Any] = {}
    errors = []
    for name, (kind, least, most) in RULES.items():
        text = str(rules.get(name) if rules.get(name) is not None else "").strip()
        if not text and name == "second_above":
            values[name] = None
            continue
        try:
            value = kind(text)
            if not (least <= value <= most):
                raise ValueError(name)
            values[name] = value
        except (ValueError, ArithmeticError):
            errors.append({"field": name, "message": _("A number from %(least)s to %(most)s.") % {"least": least, "most": most}})
    if errors:
        raise Invalid(errors[0]["message"], code="bad_policy", errors=errors)
    return ApprovalPolicy(**values)


def activate_policy(change: ChangeRequest) -> ApprovalPolicy:
    """Part: a confirmed proposal becomes the next version, from now on. Raises Stale `policy_changed`."""
    cmd = current()
    before = policy_at(cmd.at)
    if before.version != change.before["version"]:
        raise Stale(_("Another policy became active after this was proposed."), code="policy_changed", clears=_("Propose again from the one that rules now."))
    policy = checked_rules(change.data)
    policy.version = (ApprovalPolicy.objects.aggregate(n=Max("version"))["n"] or 0) + 1
    policy.active_from, policy.proposed_by_id = cmd.at, change.proposed_by_id
    policy.save(force_insert=True)
    limits = checked_limits(change.data.get("limits", "\n".join(map(str, limits_of(before))) if before.pk else ""))
    regions = dict(Territory.objects.filter(code__in={x.region for x in limits}).values_list("code", "pk"))
    PolicyLimit.objects.bulk_create(
        PolicyLimit(policy=policy, customer_class=x.customer_class, territory_id=regions.get(x.region), auto_limit=x.auto_limit, approver_limit=x.approver_limit)
        for x in limits
    )
    cmd.event("policy.activated", [("approval_policy", policy.pk)], {"version": policy.version, "change": change.pk})
    return policy
