"""Enter an order: read once, decide in Python, write once (WRITE_PATH.md). `quote` is `submit` without the writing.

The path: head (ids, customer, terms, account, policy) → offers (products, prices, tax, cells) → `place`, holds, policy
band, answer → write: key, book, plan, approval, holds, events and credit in one statement that the rooms compose, then
quota and, last, availability. A stale read is rolled back and done once more under the locks of account, quotas and cells, sorted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from inventory.stock.services import book as book_stock
from oms.accounts.policies import authorize
from oms.events.idempotency import kept
from oms.events.services import Command, current, use_case
from oms.kernel.errors import Conflict, Unprocessable
from oms.kernel.sqlrows import Part
from orders.approval.services import approved_by_policy
from orders.book.choices import OrderStatus
from orders.book.services import NewLine, NewOrder, booked, booking, subjects
from orders.entry.domain import Answer, EntryRequest
from orders.entry.selectors import Assessment, Head, assess
from orders.entry.services.checks import check_request, checked_head, refuse_worse
from orders.entry.services.drafts import StandingDraft, book_draft, draft_for, taking_place_of
from orders.holds.locks import lock_quotas
from orders.holds.services import NewHold, held, take
from orders.planning.services import planned
from payments.credit.locks import lock_accounts
from payments.credit.services import force_reserve, reserving

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

    Raises Invalid (bad lines, unknown SKU or unit), NotFound (customer, draft), Forbidden, Stale (the draft was saved since), Conflict `promise_changed` (with
    both answers), `duplicate_customer_po`, `duplicate_external_id`, Unavailable `busy`, Unprocessable `idempotency_mismatch`; Replayed when
    `key` was answered before. Nothing is written then.
    """
    check_request(request)
    authorize(by, "orders.enter_history" if request.history else "orders.submit")
    for attempt in range(ATTEMPTS):
        try:
            return _submit(request, key, attempt > 0, by=by, at=at)
        except _Changed:
            continue
        except Conflict as error:
            # Of two requests with one key the later may meet the order's other unique numbers before the key.
            twin = key is not None and attempt == 0 and error.code in ("duplicate_external_id", "duplicate_customer_po")
            if not twin and error.code not in ("stale_availability", "short") or attempt == ATTEMPTS - 1:
                raise
        except IntegrityError as error:
            name = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
            if name != "idempotency_key_once" or attempt == ATTEMPTS - 1:
                raise
    raise Conflict(_("The stock changed several times while the order was entered."), code="contended",
                   clears=_("Submit again."))


@use_case("orders.submit")
def _submit(request: EntryRequest, key: Key | None, locked: bool, *, by: Any, at: datetime | None = None) -> Answer:
    cmd = current()
    found = checked_head(request, cmd.by, key.value if key else "", cmd.business_at)
    if key and found.key_body_hash is not None:
        replay(found, key)
    cmd.prime(found.now, found.event_ids)
    draft = draft_for(request, cmd.by) if request.draft else None
    if draft:
        found = taking_place_of(draft, request, found)
    if locked:
        lock_counters(found)
    made = assess(request, found, cmd.at, cmd.by, locked=locked)
    refuse_worse(request, made.answer)
    answer = made.answer
    keys = [kept(cmd.by.pk, key.value, key.body_hash, 201, key.render(answer))] if key else []
    _write(request, cmd, found, made, keys, draft)
    return answer


def lock_counters(found: Head) -> None:
    """Part: what the write will change of account and quotas, locked before the cells are: who enters at the first try has the
    account and waits for the cells, so that the other way round the two would wait for each other."""
    if found.account_id is not None:
        lock_accounts([found.account_id])
    if found.quotas:
        lock_quotas({quota for quota, _product, _left in found.quotas})


def _write(
    request: EntryRequest, cmd: Command, found: Head, made: Assessment, keys: list[Part], draft: StandingDraft | None = None
) -> None:
    """All rows of the order: documents and credit in one statement, then the counters that many orders share (quota, availability)."""
    about = subjects(found.order_id, found.customer_id or 0)
    facts = {"order": found.order_id, "number": made.answer.number, "total": made.answer.total,
             "currency": found.currency, "channel": request.channel}
    submitted = cmd.event("order.submitted", about, facts, note="; ".join(dict.fromkeys(x.reason for x in request.lines if x.reason)))
    steps = [(found.order_id, "", OrderStatus.SUBMITTED.value, cmd.by.pk, cmd.at, submitted)]
    approved = made.approved
    if approved:
        approved_event = cmd.event(
            "order.approved", about, {"order": found.order_id, "policy": found.policy_version, "net": made.answer.net}
        )
        steps.append((found.order_id, "submitted", OrderStatus.APPROVED.value, cmd.by.pk, cmd.at, approved_event))
    payload = [(found.order_id, request.payload_type, request.payload)] if request.payload else []
    order, lines = new_order(request, cmd, found, made), new_lines(cmd, found, made)
    parts = keys
    if draft:
        book_draft(draft, order, lines, [(target, event) for _order, _source, target, _by, _at, event in steps])
    else:
        parts += booked([order], lines, steps, payload)
    event = approved_event if approved else submitted
    parts += planned(found.order_id, found.plan_version, made.placed, approved, event)
    if approved:
        parts += approved_by_policy(
            found.approval_id, found.order_id, found.policy_version or 0, made.content_hash,
            {line.id: line.quantity - line.cancelled for line in made.lines}, event,
            draft.order.entered_by_id if draft else None,
        )  # fmt: skip
    if made.answer.holds:
        stopped = cmd.event("order.held", about, {"order": found.order_id, "kinds": [h.kind for h in made.answer.holds]})
        holds = [NewHold(h.kind, h.code, h.amount, h.reason) for h in made.answer.holds]
        parts += held(found.order_id, holds, stopped, released=request.history)
    within = bool(made.reservation) and not request.history
    if within:
        parts += reserving(found.account_id, found.order_id, made.reservation, submitted)
    with booking():
        written = cmd.flush(*parts)
    if within and not written:
        raise _Changed
    if made.reservation and not within:  # credit was given in the other system
        force_reserve(found.account_id, found.order_id, made.reservation, submitted)
    if not take(found.order_id, made.shares, submitted, force=request.history):
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
        submitted_by_id=cmd.by.pk, submitted_at=cmd.at, undecided_since=None if made.approved else cmd.at,
        approved_at=cmd.at if made.approved else None,
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


def replay(found: Head, key: Key) -> None:
    """The first answer again for the same body; another body is refused (RELIABILITY.md section 6.5)."""
    if bytes(found.key_body_hash or b"") != key.body_hash:
        raise Unprocessable(
            _("This idempotency key was used with another body."), code="idempotency_mismatch",
            clears=_("Use a new key for a new order."),
        )
    raise Replayed(found.key_status or 200, bytes(found.key_response or b""))
