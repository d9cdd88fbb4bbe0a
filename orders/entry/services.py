"""Enter an order: read once, decide in Python, write once (WRITE_PATH.md). `quote` is `submit` without the writing.

The path: head (ids, customer, terms, account, policy) → offers (products, prices, tax) → cells and `place` →
holds, policy band, answer → write: key, book, plan, approval, holds, credit, availability, events. A stale read is
rolled back and done once more under the locks of the cells, sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from customers.territory.selectors import visible_posts
from inventory.stock.services import book as book_stock
from oms.accounts.choices import Role
from oms.accounts.policies import authorize
from oms.events.idempotency import store
from oms.events.services import Command, command, current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound, Unprocessable
from orders.approval.services import approve_by_policy, take_back_approval
from orders.book.choices import OrderStatus
from orders.book.lifecycle import ORDER
from orders.book.locks import lock_lines, lock_order
from orders.book.services import NewLine, NewOrder, add, book, subjects, transition_to
from orders.entry.domain import Answer, EntryRequest, worse
from orders.entry.selectors import Assessment, Head, assess, head
from orders.holds.services import NewHold, open_holds
from orders.planning.services import drop_plan, write_plan
from payments.credit.selectors import reserved
from payments.credit.services import release_reservation, reserve

MAX_LINES = 5_000
ATTEMPTS = 4


@dataclass(frozen=True)
class Key:
    """An idempotency key with the hash of the body it came with; `render` makes the answer that is kept."""

    value: str
    body_hash: bytes
    render: Callable[[Answer], bytes]


class Replayed(Exception):
    """The key was used before with the same body: here is the first answer again."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status)
        self.status, self.body = status, body


class _Changed(Exception):
    """The world moved between reading and writing: roll back and do it again."""


def quote(request: EntryRequest, *, by: Any, at: datetime | None = None) -> Answer:
    """What `submit` would answer now, without writing or locking anything (PRODUCT.md section 1)."""
    check_request(request)
    authorize(by, "orders.submit")
    found = checked_head(request, by, "", at)
    return assess(request, found, at or found.now, by).answer


def submit(request: EntryRequest, *, by: Any, at: datetime | None = None, key: Key | None = None) -> Answer:
    """Enter and submit an order: claims stock, reserves credit, promises dates, approves itself within a policy band.

    Raises Invalid (bad lines, unknown SKU or unit), NotFound (customer), Forbidden, Conflict `promise_changed` (with
    both answers), `duplicate_customer_po`, `duplicate_external_id`, Unprocessable `idempotency_mismatch`; Replayed when
    `key` was answered before. Nothing is written then.
    """
    check_request(request)
    authorize(by, "orders.enter_history" if request.history else "orders.submit")
    for attempt in range(ATTEMPTS):
        try:
            with command("orders.submit", by=by, at=at) as cmd:
                return _submit(request, cmd, key, locked=attempt > 0)
        except _Changed:
            continue
        except Conflict as error:
            if error.code not in ("stale_availability", "short") or attempt == ATTEMPTS - 1:
                raise
        except IntegrityError as error:
            name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
            if name != "idempotency_key_once" or attempt == ATTEMPTS - 1:
                raise
    raise Conflict(_("The stock changed several times while the order was entered."), code="contended",
                   clears=_("Submit again."))


def _submit(request: EntryRequest, cmd: Command, key: Key | None, locked: bool) -> Answer:
    found = checked_head(request, cmd.by, key.value if key else "", cmd.business_at)
    if key and found.key_body_hash is not None:
        replay(found, key)
    cmd.prime(found.now, found.event_ids)
    made = assess(request, found, cmd.at, cmd.by, locked=locked)
    refuse_worse(request, made.answer)
    answer = made.answer
    if key:
        store(cmd.by.pk, key.value, key.body_hash, 201, key.render(answer))
    _write(request, cmd, found, made)
    return answer


def _write(request: EntryRequest, cmd: Command, found: Head, made: Assessment) -> None:
    """All rows of the order: documents first, then the counters in lock order (credit, availability)."""
    about = subjects(found.order_id, found.customer_id or 0)
    facts = {"order": found.order_id, "number": made.answer.number, "total": made.answer.total,
             "currency": found.currency, "channel": request.channel}
    submitted = cmd.event("order.submitted", about, facts)
    steps = [(found.order_id, "", OrderStatus.SUBMITTED.value, cmd.by.pk, cmd.at, submitted)]
    approved = made.approved
    if approved:
        approved_event = cmd.event(
            "order.approved", about, {"order": found.order_id, "policy": found.policy_version, "net": made.answer.net}
        )
        steps.append((found.order_id, "submitted", OrderStatus.APPROVED.value, cmd.by.pk, cmd.at, approved_event))
    payload = [(found.order_id, request.payload_type, request.payload)] if request.payload else []
    book([new_order(request, cmd, found, made)], new_lines(cmd, found, made), steps, payload)
    event = approved_event if approved else submitted
    write_plan(found.order_id, found.plan_version, made.placed, approved, event)
    if approved:
        approve_by_policy(
            found.approval_id, found.order_id, found.policy_version or 0, made.content_hash,
            {line.id: line.quantity - line.cancelled for line in made.lines}, event,
        )  # fmt: skip
    if made.answer.holds:
        held = cmd.event("order.held", about, {"order": found.order_id, "kinds": [h.kind for h in made.answer.holds]})
        open_holds(
            found.order_id,
            [NewHold(h.kind, h.code, h.amount, h.reason) for h in made.answer.holds],
            held,
            released=request.history,
        )
    if made.reservation and not reserve(found.account_id, found.order_id, made.reservation, submitted):
        raise _Changed
    if made.placed.bookings:
        book_stock(made.placed.bookings)


def new_order(request: EntryRequest, cmd: Command, found: Head, made: Assessment) -> NewOrder:
    """The order's row."""
    answer = made.answer
    return NewOrder(
        id=found.order_id, number=answer.number, status=answer.status, channel=request.channel,
        external_id=request.external_id, customer_id=found.customer_id or 0,
        payer_id=found.payer_id or found.customer_id or 0, ship_to_id=found.ship_to_id or 0,
        currency_id=found.currency, customer_po=request.customer_po,
        po_repeats=request.po_repeats or found.po_repeats, requested_date=answer.requested_date,
        cancel_after=request.cancel_after, delivery_rule=made.delivery_rule, max_shipments=found.max_shipments,
        shortage_rule=made.shortage_rule, customer_class=found.customer_class, criticality=made.criticality,
        instructions=request.instructions, notes=request.notes, net=answer.net, tax=answer.tax, total=answer.total,
        policy_version=found.policy_version, content_hash=made.content_hash,
        claim_expires_at=answer.claim_expires_at, entered_by_id=cmd.by.pk, entered_at=cmd.at,
        submitted_by_id=cmd.by.pk, submitted_at=cmd.at, approved_at=cmd.at if made.approved else None,
    )  # fmt: skip


def new_lines(cmd: Command, found: Head, made: Assessment) -> list[NewLine]:
    """The rows of the lines: goods first, in the order typed, then charges."""
    rank_date = cmd.at.date()
    return [
        NewLine(
            id=line.id, order_id=found.order_id, position=i + 1, kind=line.kind, product_id=line.product_id,
            description=line.description, entered_quantity=line.entered_quantity, entered_unit=line.entered_unit,
            no_split=line.no_split, rank_date=rank_date, unit_price=line.unit_price, price_unit=line.price_unit,
            discount=line.discount, price_source=line.price_source, unit_cost=line.unit_cost, net=line.net,
            tax_category=line.tax_category, tax_rate=line.tax_rate, quantity_ordered=line.quantity,
            quantity_approved=line.quantity - line.cancelled if made.approved else 0,
            quantity_cancelled=line.cancelled,
        )
        for i, line in enumerate(made.lines)
    ]  # fmt: skip


def check_request(request: EntryRequest) -> None:
    """Refuse what no reading can make good: no lines, too many, an unknown kind of field content."""
    if not request.lines:
        raise Invalid(_("An order needs at least one line."), code="no_lines")
    if len(request.lines) + len(request.charges) > MAX_LINES:
        raise Invalid(_("An order has at most %(n)s lines.") % {"n": MAX_LINES}, code="too_many_lines")
    errors = [
        {"field": f"lines.{i}.quantity", "message": _("The quantity must be more than 0.")}
        for i, line in enumerate(request.lines)
        if not line.quantity.is_finite() or line.quantity <= 0
    ]
    errors += [
        {"field": f"charges.{i}.amount", "message": _("A charge must be more than 0.")}
        for i, charge in enumerate(request.charges)
        if not charge.amount.is_finite() or charge.amount <= 0
    ]
    if errors:
        raise Invalid(errors[0]["message"], code="invalid_lines", errors=errors)


def checked_head(request: EntryRequest, by: Any, key: str, at: datetime | None) -> Head:
    """The head of the order, within what `by` may see: NotFound `customer_missing` otherwise (no difference shown)."""
    count = len(request.lines) + len(request.charges)
    found = head(request.customer, request.ship_to, count, by.pk, key, at)
    if found.customer_id is None or not may_order_for(by, found):
        raise NotFound(_("There is no customer %(code)s.") % {"code": request.customer}, code="customer_missing")
    if found.customer_status != "active":
        raise Conflict(_("%(name)s is retired.") % {"name": found.customer_name}, code="customer_retired")
    if found.ship_to_id is None:
        raise Invalid(_("There is no delivery address %(code)s.") % {"code": request.ship_to or _("by default")},
                      code="address_missing")
    if found.company_country is None:
        raise Conflict(_("The company is not set up yet."), code="company_missing")
    return found


def may_order_for(by: Any, found: Head) -> bool:
    """The row filter on the write path: partners for their own customer, staff for customers of their subtree."""
    if by.is_system or Role.ADMINISTRATOR in by.roles:
        return True
    if Role.PARTNER in by.roles:
        return found.own_customer_id == found.customer_id
    return found.post_id in visible_posts(by)


def replay(found: Head, key: Key) -> None:
    """The first answer again for the same body; another body is refused (RELIABILITY.md section 6.5)."""
    if bytes(found.key_body_hash or b"") != key.body_hash:
        raise Unprocessable(
            _("This idempotency key was used with another body."), code="idempotency_mismatch",
            clears=_("Use a new key for a new order."),
        )
    raise Replayed(found.key_status or 200, bytes(found.key_response or b""))


def refuse_worse(request: EntryRequest, answer: Answer) -> None:
    """Raise Conflict `promise_changed` with both answers when the commit is worse than what was shown."""
    if request.shown is None or request.accept_changes:
        return
    now = answer.shown()
    differences = worse(request.shown, now)
    if differences:
        raise Conflict(
            _("Since you looked, the answer became worse; nothing was saved."),
            code="promise_changed",
            clears=_("Accept the changes, or change the order."),
            differences=[vars(d) for d in differences],
            shown=dict(request.shown),
            now=now,
        )


@use_case("orders.cancel")
def cancel(order_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Cancel an order of which nothing was shipped: its stock and credit are given back.

    Raises Conflict `shipped`, `allocated` (its shipments are taken back first), `illegal_transition`, Invalid `reason_missing`.
    """
    if not reason.strip():
        raise Invalid(_("Say why the order is cancelled."), code="reason_missing")
    order = lock_order(order_id)
    authorize(by, "orders.cancel", order)
    lines = lock_lines([order_id])
    ORDER.check(order.status, OrderStatus.CANCELLED)
    if any(line.quantity_shipped or line.quantity_invoiced for line in lines):
        raise Conflict(_("Some of it was shipped."), code="shipped", clears=_("Return what was shipped instead."))
    if any(line.quantity_allocated for line in lines):
        raise Conflict(_("Some of it is with the warehouse."), code="allocated",
                       clears=_("Take its shipments back first."))
    about = subjects(order.pk, order.customer_id)
    event = current().event("order.cancelled", about, {"order": order.pk, "total": order.total}, note=reason)
    take_back_approval(lines, event)
    add({"approved": {x.pk: -x.quantity_approved for x in lines},
         "cancelled": {x.pk: x.quantity_ordered - x.quantity_cancelled for x in lines}})
    drop_plan(order_id)
    for account_id, amount in reserved([order_id]).values():
        release_reservation(account_id, order_id, amount, event)
    transition_to(order, OrderStatus.CANCELLED, event, claim_expires_at=None)
