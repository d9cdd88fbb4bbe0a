"""Answer an order in its sender's format: 855, ORDRSP or OrderResponse, when it is decided; received before (UBL)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import company
from oms.events.services import current, use_case
from oms.kernel.errors import NotFound
from orders.book.choices import LineKind
from orders.book.models import Order, OrderLine
from orders.channels.adapters import edifact_replies, ubl_replies, x12_replies
from orders.channels.choices import ANSWERED, Format, MessageKind, MessageState
from orders.channels.domain import Envelope, OrderMessage, Written
from orders.channels.domain.answers import AnswerLine, OrderAnswer
from orders.channels.models import Message, Reply
from orders.channels.selectors import order_of
from orders.channels.services.receiving import keep_replies, serials
from orders.planning.selectors import live_lines

DECIDED = ("approved", "rejected", "cancelled", "completed")


@use_case("channels.answer")
def answer_order(order_id: int, *, by: Any, at: datetime | None = None) -> str:
    """Write the reply that the order's state calls for, once a state; returns the state said, "" when none is due."""
    message = (
        Message.objects.filter(order_id=order_id, kind=MessageKind.ORDER, state=MessageState.ENTERED)
        .select_related("partner", "order").order_by("pk").first()
    )  # fmt: skip
    if message is None or message.partner.format not in ANSWERED or message.order is None:
        return ""
    order, content = message.order, order_of(message)
    decided = order.status in DECIDED
    if content is None or (not decided and message.partner.format != Format.UBL):
        return ""
    cmd = current()
    given = answer_of(order, content, cmd.at.date(), received_only=not decided)
    if Reply.objects.filter(order_id=order_id, kind=KINDS[Format(message.partner.format)], state=given.status).exists():
        return ""
    (control,) = serials("orders_reply_control", 1)
    written = write(message, given, control, cmd.at)
    event = cmd.event("channel.order_answered", [("message", message.pk), ("order", order_id)], {"order": order_id, "state": given.status})
    keep_replies(message.partner, message.transmission, [written], event, order_id, given.status)
    return given.status


KINDS = {Format.X12: "855", Format.EDIFACT: "ORDRSP", Format.UBL: "OrderResponse"}


def answer_of(order: Order, content: OrderMessage, on: date, received_only: bool) -> OrderAnswer:
    """The order as it stands, in the sender's words: its lines stand in the order of the message."""
    lines = list(OrderLine.objects.filter(order=order, kind=LineKind.GOODS, extends_line__isnull=True).select_related("product").order_by("position"))
    plans: dict[int, list[tuple[int, date]]] = {}
    for row in live_lines([order.pk]):
        plans.setdefault(row.line_id, []).append((row.quantity, row.delivery_date))
    said = {x.number: x for x in content.lines}
    wanted = content.requested_date
    made = tuple(
        answer_line(ours, theirs, plans.get(ours.pk, []), order.status, wanted)
        for ours, theirs in zip(lines, (x for x in said.values() if x.quantity), strict=False)
    )
    home = company()
    return OrderAnswer(order.external_id, order.number, on, content.ordered_on, order.currency_id, content.buyer, home.name, made, received_only, order.customer.name)


def answer_line(ours: OrderLine, theirs: Any, plans: list[tuple[int, date]], status: str, wanted: date | None) -> AnswerLine:
    """A line: what has a date, what is shipped, what stays open, what was refused; in the sender's unit and price basis."""
    per = theirs.quantity / ours.quantity_ordered

    def in_theirs(units: int) -> Decimal:
        return (units * per).quantize(Decimal("0.001")).normalize()

    refused = ours.quantity_ordered if status == "rejected" else ours.quantity_cancelled
    left = ours.quantity_ordered - refused
    gone = ours.quantity_shipped + ours.quantity_allocated
    parts = [(in_theirs(units), on) for units, on in plans if left]
    dated = sum(units for units, _on in plans)
    price = ours.unit_price * (1 - ours.discount) * ours.quantity_ordered / ours.price_unit / theirs.quantity * theirs.basis
    price = price.quantize(Decimal("0.000001")).normalize()
    their_price = None if theirs.price is None else theirs.computed / theirs.quantity * theirs.basis
    return AnswerLine(
        theirs.number, ours.product.sku if ours.product else "", theirs.references, theirs.description or ours.description, theirs.quantity,
        theirs.unit, price, theirs.basis, tuple(parts), in_theirs(max(0, left - dated - gone)), in_theirs(refused),
        price_changed=their_price is not None and their_price.quantize(Decimal("0.01")) != price.quantize(Decimal("0.01")),
        late=wanted is not None and any(on > wanted for _q, on in plans),
    )  # fmt: skip


def write(message: Message, given: OrderAnswer, control: int, at: datetime) -> Written:
    """The answer as the sender's format has it, back along the envelope it came in."""
    stored: Mapping[str, Any] = message.envelope["envelope"]
    envelope = Envelope(stored["sender"], stored["recipient"], stored["control"], (), tuple(stored["groups"]), stored["facts"])
    match message.partner.format:
        case Format.X12:
            return x12_replies.answer(given, envelope, envelope.groups[message.envelope["group"]], control, at)
        case Format.EDIFACT:
            return edifact_replies.answer(given, envelope, message.name, control, at)
        case _:
            facts = {**envelope.facts, "buyer": envelope.sender, "seller": envelope.recipient}
            return ubl_replies.answer(given, facts, control, at)


@use_case("channels.take_reply")
def take_reply(partner_id: int, number: str, *, by: Any, at: datetime | None = None) -> Reply:
    """The partner has it: it is not offered again. Taking it twice changes nothing. Raises NotFound `reply_missing`."""
    authorize(by, "channels.follow")
    reply = Reply.objects.select_for_update(no_key=True, of=("self",)).filter(partner_id=partner_id, number=number).first()
    if reply is None:
        raise NotFound(_("There is no such reply."), code="reply_missing")
    if reply.taken_at is None:
        reply.taken_at = current().at
        reply.save(update_fields=["taken_at"])
        current().event("channel.reply_taken", [("channel", partner_id)], {"reply": reply.pk})
    return reply
