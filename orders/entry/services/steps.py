"""Steps of an order after submission: recall, cancel, cancel the rest, reopen (PRODUCT.md sections 2 and 3)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.approval.models import Approval
from orders.approval.services import take_back_approval
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.lifecycle import ORDER
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.services import add, subjects, transition_to
from orders.entry.models import Draft
from orders.entry.services.drafts import content_of
from orders.entry.warehouse import hold_still, take_back
from orders.holds.services import close_holds, fit_credit, fit_quota, hold_if_refused, kind_of
from orders.planning.services import drop_plan, lock_places, replan_order
from payments.credit.selectors import reserved
from payments.credit.services import release_reservation


def need_reason(reason: str, sentence: str) -> None:
    """Raise Invalid `reason_missing` with `sentence` when nothing was said."""
    if not reason.strip():
        raise Invalid(sentence, code="reason_missing", errors=[{"field": "reason", "message": sentence}])


def give_back_all_credit(order_id: int, event_id: int) -> None:
    """Part: end the order's reservation, whatever is left of it."""
    for account_id, amount in reserved([order_id]).values():
        if amount:
            release_reservation(account_id, order_id, amount, event_id)


@use_case("orders.recall")
def recall(order_id: int, *, by: Any, at: datetime | None = None) -> Order:
    """Take an undecided order back into a draft, by who entered or submitted it or a manager: claims, credit and holds end.

    Raises Forbidden `not_theirs`, Conflict `decided`, `illegal_transition`.
    """
    order = lock_order(order_id)
    authorize(by, "orders.recall", order)
    lines = lock_lines([order_id])
    ORDER.check(order.status, OrderStatus.DRAFT)
    if Approval.objects.filter(order_id=order_id, lines__isnull=False).exists():
        raise Conflict(_("Part of it is decided already."), code="decided", clears=_("Cancel it, or amend it."))
    cmd = current()
    event = cmd.event("order.recalled", subjects(order.pk, order.customer_id), {"order": order.pk, "total": order.total})
    give_back_all_credit(order_id, event)
    fit_quota(order, lines, event, none=True)
    drop_plan(order_id)
    close_holds(order_id, _("Recalled."))
    transition_to(order, OrderStatus.DRAFT, event, claim_expires_at=None, undecided_since=None)
    live = [x for x in lines if x.quantity_cancelled < x.quantity_ordered or len(lines) == 1]
    Draft.objects.update_or_create(
        order_id=order_id, defaults={"content": content_of(order, live, by_hand=True), "saved_by_id": by.pk, "saved_at": cmd.at}
    )
    return order


@use_case("orders.cancel")
def cancel(order_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Cancel an order of which nothing was shipped: stock and credit are given back, also from the warehouse.

    Goods already picked stand blocked until they are put back. Raises Conflict `shipped`, `illegal_transition`, Invalid
    `reason_missing`.
    """
    need_reason(reason, _("Say why the order is cancelled."))
    order = lock_order(order_id)
    authorize(by, "orders.cancel", order)
    lines = lock_lines([order_id])
    ORDER.check(order.status, OrderStatus.CANCELLED)
    if any(line.quantity_shipped or line.quantity_invoiced for line in lines):
        raise Conflict(_("Some of it was shipped."), code="shipped",
                       clears=_("Cancel the rest; return what was shipped."))
    if any(line.quantity_allocated for line in lines):
        hold_still(order_id)
    about = subjects(order.pk, order.customer_id)
    event = current().event("order.cancelled", about, {"order": order.pk, "total": order.total}, note=reason)
    give_back_all_credit(order_id, event)
    fit_quota(order, lines, event, none=True)
    take_all_back(order, lines, event)
    take_back_approval({x.pk: x.quantity_approved for x in lines}, event)
    add({"approved": {x.pk: -x.quantity_approved for x in lines},
         "cancelled": {x.pk: x.quantity_ordered - x.quantity_cancelled for x in lines}})
    drop_plan(order_id)
    close_holds(order_id, _("Cancelled."))
    transition_to(order, OrderStatus.CANCELLED, event, claim_expires_at=None, undecided_since=None)


def take_all_back(order: Order, lines: Sequence[OrderLine], event_id: int) -> None:
    """Part: everything allocated comes back from the warehouse, picked or not; the lines know it afterwards."""
    units = {x.pk: x.quantity_allocated for x in lines if x.quantity_allocated}
    lock_places([order.pk])
    taken = take_back(order.pk, units, event_id, picked=True)
    if taken != units:
        raise Conflict(_("Some of it is on its way out of the warehouse."), code="leaving",
                       clears=_("Wait until it is shipped or put back."))
    for line in lines:
        line.quantity_allocated -= units.get(line.pk, 0)


@use_case("orders.cancel_rest")
def cancel_rest(order_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Order:
    """Cancel what is not shipped yet of a partly shipped order, pending and approved; shipped goods and their charges stay.

    Raises Conflict `nothing_shipped` (cancel the order instead), `nothing_left`, `illegal_transition`, Invalid.
    """
    need_reason(reason, _("Say why the rest is cancelled."))
    order = lock_order(order_id)
    authorize(by, "orders.cancel", order)
    lines = lock_lines([order_id])
    if order.status != OrderStatus.APPROVED:
        raise Conflict(_("The order is %(status)s.") % {"status": order.get_status_display().lower()}, code="not_open")
    if not any(line.quantity_shipped for line in lines):
        raise Conflict(_("Nothing was shipped yet."), code="nothing_shipped", clears=_("Cancel the order instead."))
    goods = [line for line in lines if line.kind in SHIPPED_KINDS]
    pending = {x.pk: x.pending for x in lines if x.pending}
    unshipped = {x.pk: x.quantity_approved - x.quantity_shipped for x in goods if x.quantity_approved > x.quantity_shipped}
    if not pending and not unshipped:
        raise Conflict(_("Nothing is left to cancel."), code="nothing_left")
    if any(line.quantity_allocated for line in lines):
        hold_still(order_id)
    event = current().event(
        "order.rest_cancelled", subjects(order.pk, order.customer_id), {"order": order.pk, "pending": pending, "approved": unshipped},
        note=reason,
    )  # fmt: skip
    for line in lines:
        line.quantity_cancelled += pending.get(line.pk, 0) + unshipped.get(line.pk, 0)
    fit_credit(order, lines, event)
    fit_quota(order, lines, event)
    take_all_back(order, lines, event)
    take_back_approval(unshipped, event)
    add({"approved": {i: -q for i, q in unshipped.items()},
         "cancelled": {i: pending.get(i, 0) + unshipped.get(i, 0) for i in {*pending, *unshipped}}})
    for line in lines:
        line.quantity_approved -= unshipped.get(line.pk, 0)
    replan_order(order, lines, event, accept_changes=True)
    Order.objects.filter(pk=order_id).update(claim_expires_at=None, undecided_since=None)
    return order


@use_case("orders.reopen")
def reopen(order_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Order:
    """Open a completed order again, so that lines can be added: needs the right and a reason.

    The customer's account is asked like for a new order: what it refuses opens a hold (PRODUCT.md section 2). Raises
    Forbidden, Conflict `illegal_transition`, Invalid `reason_missing`.
    """
    need_reason(reason, _("Say why the order is opened again."))
    authorize(by, "orders.reopen")
    order = lock_order(order_id)
    ORDER.check(order.status, OrderStatus.APPROVED)
    cmd = current()
    event = cmd.event("order.reopened", subjects(order.pk, order.customer_id), {"order": order.pk}, note=reason)
    refused = hold_if_refused(order, Decimal(0), event)
    if refused:
        cmd.event("order.held", subjects(order.pk, order.customer_id), {"order": order.pk, "kinds": [kind_of(refused.code)]})
    transition_to(order, OrderStatus.APPROVED, event, completed_at=None)
    return order
