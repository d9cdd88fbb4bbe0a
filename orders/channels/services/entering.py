"""Make of a message what it asks for, once: an order through the entry everybody uses, a change, a cancellation, a return.

An order is submitted in its own transaction and then the message is settled: killed in between, the order is found by its
number of the sender. Everything else changes the order and settles the message in one transaction.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import msgspec
from django.db import InterfaceError, OperationalError
from django.utils.translation import gettext as _

from customers.parties.services import add_address
from oms.company.models import ReasonCode
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.canonical import canonical
from oms.kernel.errors import Conflict, OMSError, Unavailable
from oms.kernel.money import spread
from orders.book.choices import LineKind
from orders.book.locks import lock_order
from orders.book.models import Order, OrderLine
from orders.channels.choices import SIGNED, Format, MessageKind, MessageState, Prices
from orders.channels.domain import CANCEL, CHANGE, ORDER, RETURN, Finding, OrderMessage
from orders.channels.domain.sums import check, complete, expected
from orders.channels.lifecycle import MESSAGE
from orders.channels.locks import lock_message
from orders.channels.models import Message, TradingPartner
from orders.channels.selectors import CHANNELS, Resolved, base_order, entered_before, order_of, resolve
from orders.channels.services.answering import answer_order
from orders.channels.services.receiving import content_hash, stored_finding
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel, cancel_rest, submit
from orders.returns.services import Item, request_return

log = logging.getLogger(__name__)

PRICE = Decimal("0.000001")
TRIES = 3


class Held(Exception):
    """The message can't be entered: here is why, all of it."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = list(findings)


def enter(message_id: int, *, by: Any) -> str:
    """Process a waiting message; returns its state afterwards. Safe to run again and beside itself.

    Raises Unavailable or a database's error (lock, lost connection) for another try; any other refusal becomes the message's quarantine.
    """
    message = Message.objects.select_related("partner__actor", "partner__customer", "transmission").get(pk=message_id)
    if message.state != MessageState.NEW:
        return message.state
    try:
        for attempt in range(1, TRIES + 1):
            try:
                return process(message)
            except Conflict as error:  # another worker entered the order meanwhile, or moved it: look again
                if attempt == TRIES or error.code not in ("duplicate_external_id", "order_changed", "contended", "stale_availability"):
                    raise
        raise AssertionError("unreachable")
    except Unavailable:
        raise
    except Held as held:
        return quarantine(message_id, [stored_finding(f) for f in held.findings], by=by)
    except OMSError as error:
        return quarantine(message_id, [stored_finding(f) for f in refusals(error)], by=by)
    except (OperationalError, InterfaceError):  # the database was away: the message is as good as before
        raise
    except Exception:
        name = uuid.uuid4().hex[:12]
        log.exception("message %s, error %s", message.number, name)
        finding = Finding("refused", "", {"value": _("A defect of ours stopped it (error %(id)s).") % {"id": name}})
        return quarantine(message_id, [stored_finding(finding)], by=by)


def refusals(error: OMSError) -> list[Finding]:
    """Why entry refused, a finding for each thing wrong."""
    rows = [str(row.get("message", "")) for row in error.data.get("errors", ())] or [str(error)]
    return [Finding("refused", error.code, {"value": words}) for words in dict.fromkeys(rows)]


def process(message: Message) -> str:
    """What the message asks for, by its kind and by what is there already."""
    try:
        order = order_of(message)
    except msgspec.ValidationError as error:
        raise Held([Finding("refused", "corrections", {"value": str(error)[:200]})]) from error
    assert order is not None, "a message without content is never waiting"
    partner = message.partner
    if findings := standing(message, order):
        raise Held([*findings, *resolve(partner, order).findings])
    base = base_order(partner, order.number)
    before = entered_before(partner, order.number, message.pk)
    if base is not None and is_older(order, before):
        return settle(message.pk, MessageState.NOTED, base.pk, _("An older state of the order."), by=partner.actor)
    if base is not None and any(bytes(m.content_hash or b"") == content_hash(order) for m in before if m.kind == order.kind):
        return settle(message.pk, MessageState.DUPLICATE, base.pk, _("The same content as before."), by=partner.actor)
    if base is None:
        return without_order(message, order)
    if order.kind == ORDER and partner.format not in SIGNED:
        if not before and made_by(base, message):
            return settle(message.pk, MessageState.ENTERED, base.pk, "", by=partner.actor)  # killed before it was settled
        raise Held([changed(order, before)])
    if order.kind in (ORDER, CHANGE):
        if order.kind == ORDER and not before and made_by(base, message):
            return settle(message.pk, MessageState.ENTERED, base.pk, "", by=partner.actor)
        return change(message.pk, base.pk, order, resolved(partner, order), by=partner.actor)
    if order.kind == RETURN:
        return ask_return(message.pk, base.pk, order, by=partner.actor)
    return call_off(message.pk, base.pk, order, by=partner.actor)


def standing(message: Message, order: OrderMessage) -> list[Finding]:
    """What is still wrong with the content by itself, but for what a person took as it is."""
    waived, kept = set(message.waived), message.envelope.get("read", ())
    read = [Finding(f["code"], f["where"], f["facts"]) for f in kept if f["code"] not in waived]
    named = {f.code for f in read}
    return read + [f for f in (*complete(order), *check(order)) if f.code not in waived and f.code not in named]


def is_older(order: OrderMessage, before: Sequence[Message]) -> bool:
    """Whether a shop reported a later state already; webhooks overtake each other."""
    later = max((str((m.content or {}).get("as_of", "")) for m in before), default="")
    return bool(order.as_of) and order.as_of < later


def made_by(base: Order, message: Message) -> bool:
    """Whether this very message entered the order."""
    kept = getattr(base, "raw_payload", None)
    return kept is not None and bytes(kept.body) == payload_of(message)


def payload_of(message: Message) -> bytes:
    """What the order keeps of it: the whole transmission where it is the only message, else its content; with its number."""
    if message.transmission.messages.count() == 1:
        return bytes(message.transmission.body)
    return canonical({"message": message.number, "content": message.content})


def changed(order: OrderMessage, before: Sequence[Message]) -> Finding:
    """The same number with other content, and what differs."""
    first = next((order_of(m) for m in before if m.kind == ORDER), None)
    words = []
    if first is not None:
        old, new = {x.number: x for x in first.lines}, {x.number: x for x in order.lines}
        for number in sorted(old.keys() | new.keys()):
            was, now = old.get(number), new.get(number)
            if was != now:
                words.append(f"{number}: {was.quantity if was else 0:f} → {now.quantity if now else 0:f}")
        words += [name for name in ("requested_date", "ship_to", "buyer", "charges", "stated", "notes") if getattr(first, name) != getattr(order, name)]
    return Finding("changed_duplicate" if first else "number_used", "number", {"number": order.number, "value": "; ".join(words)[:150] or "–"})


def resolved(partner: TradingPartner, order: OrderMessage) -> Resolved:
    """Every code's meaning, or Held with all that are unknown."""
    found = resolve(partner, order)
    if found.findings:
        raise Held(found.findings)
    return found


def without_order(message: Message, order: OrderMessage) -> str:
    """A number that stands for no order yet: an order, or a shop's state of one; anything else misses its order."""
    partner = message.partner
    shop = partner.format in SIGNED
    if order.kind == ORDER or (order.kind == CHANGE and shop):
        return place(message, order)
    waits = Message.objects.filter(partner=partner, external_id=order.number, state__in=(MessageState.QUARANTINED, MessageState.NEW))
    if shop and order.kind == CANCEL and not waits.exclude(pk=message.pk).exists():
        return settle(message.pk, MessageState.NOTED, None, _("The shop's order never came to us."), by=partner.actor)
    raise Held([Finding("unknown_order", "number", {"number": order.number})])


def place(message: Message, order: OrderMessage) -> str:
    """Submit the order as its partner's actor, then settle the message."""
    partner = message.partner
    meant = resolved(partner, order)
    assert meant.customer is not None, "what is resolved has a customer"
    ship_to = meant.address.code if meant.address else ""
    if meant.new_place is not None and meant.address is None:
        ship_to = add_address(meant.customer.pk, meant.new_place, by=partner.actor).code
    net, total = expected(order)
    request = EntryRequest(
        customer=meant.customer.code, lines=line_requests(partner, order, meant), channel=CHANNELS[Format(partner.format)],
        charges=tuple(ChargeRequest(c.description[:200] or _("Charge"), c.amount) for c in order.charges if c.amount > 0),
        ship_to=ship_to, external_id=order.number, customer_po=order.customer_po, requested_date=order.requested_date,
        cancel_after=order.cancel_after, instructions=order.instructions, notes=order.notes, expected_net=net, expected_total=total,
        payload=payload_of(message), payload_type="application/octet-stream",
    )  # fmt: skip
    answer = submit(request, by=partner.actor)
    return settle(message.pk, MessageState.ENTERED, answer.order_id, "", by=partner.actor)


def line_requests(partner: TradingPartner, order: OrderMessage, meant: Resolved) -> tuple[LineRequest, ...]:
    """The lines as entry takes them; at the message's prices only where these hold for this partner."""
    if partner.prices == Prices.OURS:
        return tuple(LineRequest(m.sku, m.line.quantity, m.unit) for m in meant.lines)
    prices = their_prices(order, meant)
    reason = _("Price of the message")
    return tuple(LineRequest(m.sku, m.line.quantity, m.unit, price=price, reason=reason) for m, price in zip(meant.lines, prices, strict=True))


def their_prices(order: OrderMessage, meant: Resolved) -> list[Decimal]:
    """The net unit price (per our price unit) of every line: allowances on the whole order are spread by largest remainder."""
    nets, missing = [], []
    for m in meant.lines:
        net = m.line.computed if m.line.computed is not None else m.line.net
        if net is None:
            missing.append(Finding("price_missing", f"lines.{m.line.number}", {"line": m.line.number}))
        nets.append(net or Decimal(0))
    if missing:
        raise Held(missing)
    allowance = sum((c.amount for c in order.charges if c.amount < 0), Decimal(0))
    if allowance:
        places = exponent(meant.customer.currency_id) if meant.customer else 2
        nets = [net + part for net, part in zip(nets, spread(allowance, nets, places), strict=True)]
    if any(net < 0 for net in nets):
        raise Held([Finding("allowance", "charges", {"amount": f"{allowance:f}"})])
    return [(net / m.base_quantity * m.price_unit).quantize(PRICE, ROUND_HALF_UP) for net, m in zip(nets, meant.lines, strict=True)]


@use_case("channels.change_order")
def change(message_id: int, order_id: int, order: OrderMessage, meant: Resolved, *, by: Any, at: datetime | None = None) -> str:
    """Bring the order to what the message says it shall be, as far as amending can; nothing different settles it as said before."""
    message = lock_message(message_id)
    if message.state != MessageState.NEW:
        return message.state
    standing_order = lock_order(order_id)
    names = line_names(order_id, message.partner)
    asked = amendment(message.partner, standing_order, order, meant, names)
    if not (asked.changes or asked.added or asked.ship_to or asked.requested_date):
        return settle(message_id, MessageState.DUPLICATE, order_id, _("The order says so already."), by=by)
    try:
        amend(order_id, asked, by=by, version=standing_order.version)
    except OMSError as error:
        raise Held([Finding("not_as_wished", "", {"value": f.facts["value"]}) for f in refusals(error)]) from error
    return settle(message_id, MessageState.ENTERED, order_id, _("The order was changed."), by=by)


def line_names(order_id: int, partner: TradingPartner) -> dict[str, OrderLine]:
    """{the sender's name of a line: our line}: goods stand in the order of the message that entered it, added ones after."""
    lines = list(OrderLine.objects.filter(order_id=order_id, kind=LineKind.GOODS, extends_line__isnull=True).order_by("position"))
    named: list[str] = []
    for message in Message.objects.filter(order_id=order_id, partner=partner, state=MessageState.ENTERED).order_by("changed_at", "pk"):
        content = order_of(message)
        named += [x.number for x in content.lines if x.number not in named and x.quantity] if content else []
    return dict(zip(named, lines, strict=False))


def amendment(partner: TradingPartner, standing_order: Order, order: OrderMessage, meant: Resolved, names: Mapping[str, OrderLine]) -> Amendment:
    """What must change so that every named line stands as the message says; lines a shop no longer names are taken off."""
    more = OrderLine.objects.filter(order=standing_order, extends_line__isnull=False).order_by("pk")
    extensions: dict[int, list[OrderLine]] = {}
    for line in more:
        extensions.setdefault(line.extends_line_id or 0, []).append(line)
    by_number = {m.line.number: m for m in meant.lines}
    prices = dict(zip(by_number, their_prices(order, meant), strict=True)) if partner.prices == Prices.THEIRS else {}
    changes: list[LineChange] = []
    added: list[LineRequest] = []
    for wanted in order.lines:
        line, m = names.get(wanted.number), by_number.get(wanted.number)
        if line is None:
            if m is not None:
                price = prices.get(wanted.number)
                added.append(LineRequest(m.sku, wanted.quantity, m.unit, price=price, reason=_("Price of the message") if price is not None else ""))
            continue
        if m is not None and m.product_id != line.product_id:
            raise Held([Finding("not_as_wished", f"lines.{wanted.number}", {"value": _("Line %(n)s is another product.") % {"n": wanted.number}})])
        changes += to_quantity(line, extensions.get(line.pk, []), m.base_quantity if m else Decimal(0))
        price = prices.get(wanted.number)
        if price is not None and price != line.unit_price and not line.quantity_invoiced:
            changes.append(LineChange(line.pk, price=price))
    if partner.format in SIGNED:
        said = {line.number for line in order.lines}
        for number, line in names.items():
            if number not in said:
                changes += to_quantity(line, extensions.get(line.pk, []), Decimal(0))
    same_day = order.requested_date in (None, standing_order.requested_date)
    moved = meant.address is not None and order.ship_to.addressed and meant.address.pk != standing_order.ship_to_id
    if meant.new_place is not None and meant.address is None:
        raise Held([Finding("not_as_wished", "ship_to", {"value": _("It goes to an address that is new.")})])
    return Amendment(merged(changes), tuple(added), None if same_day else order.requested_date,
                     meant.address.code if moved and meant.address else "", _("Changed by %(who)s") % {"who": partner.name})  # fmt: skip


def to_quantity(line: OrderLine, more: Sequence[OrderLine], wanted: Decimal) -> list[LineChange]:
    """The changes that make a line with its extensions stand at `wanted` base units: the latest extension shrinks first."""
    if wanted != wanted.to_integral_value():
        raise Held([Finding("quantity_not_whole", f"lines.{line.position}", {"line": str(line.position), "value": f"{wanted:f}", "sku": line.description})])
    parts = [line, *more]
    stands = {x.pk: x.quantity_ordered - x.quantity_cancelled for x in parts}
    delta = int(wanted) - sum(stands.values())
    if delta > 0:
        return [LineChange(line.pk, quantity=stands[line.pk] + delta)]
    changes = []
    for part in reversed(parts):
        take = min(-delta, stands[part.pk])
        if take > 0:
            changes.append(LineChange(part.pk, quantity=stands[part.pk] - take))
            delta += take
    return changes


def merged(changes: Iterable[LineChange]) -> tuple[LineChange, ...]:
    """One change a line."""
    found: dict[int, LineChange] = {}
    for change_ in changes:
        old = found.get(change_.line, change_)
        found[change_.line] = LineChange(change_.line, change_.quantity if change_.quantity is not None else old.quantity,
                                         change_.price if change_.price is not None else old.price)  # fmt: skip
    return tuple(found.values())


@use_case("channels.cancel_order")
def call_off(message_id: int, order_id: int, order: OrderMessage, *, by: Any, at: datetime | None = None) -> str:
    """Cancel the order, or what is left of it when part was shipped; a cancelled one is cancelled already."""
    message = lock_message(message_id)
    if message.state != MessageState.NEW:
        return message.state
    standing_order = lock_order(order_id)
    if standing_order.status in ("cancelled", "rejected", "discarded"):
        return settle(message_id, MessageState.DUPLICATE, order_id, _("The order is cancelled already."), by=by)
    reason = order.reason or _("Cancelled by %(who)s") % {"who": message.partner.name}
    shipped = OrderLine.objects.filter(order_id=order_id, quantity_shipped__gt=0).exists()
    try:
        if shipped:
            cancel_rest(order_id, reason, by=by)
        else:
            cancel(order_id, reason, by=by)
    except OMSError as error:
        raise Held([Finding("not_as_wished", "", {"value": f.facts["value"]}) for f in refusals(error)]) from error
    return settle(message_id, MessageState.ENTERED, order_id, _("The rest was cancelled.") if shipped else _("The order was cancelled."), by=by)


@use_case("channels.request_return")
def ask_return(message_id: int, order_id: int, order: OrderMessage, *, by: Any, at: datetime | None = None) -> str:
    """Ask for the return of what the shop took back; allowing, receiving and crediting it go their usual way."""
    message = lock_message(message_id)
    if message.state != MessageState.NEW:
        return message.state
    standing_order = Order.objects.select_related("customer").get(pk=order_id)
    names = line_names(order_id, message.partner)
    unknown = [n for n in order.returned if n not in names]
    reason = ReasonCode.objects.filter(kind="return", active=True).order_by("controllable", "code").first()
    if unknown or reason is None:
        raise Held([Finding("unknown_line", "", {"line": n}) for n in unknown] or [Finding("refused", "", {"value": _("There is no reason for returns.")})])
    items = []
    for name, quantity in order.returned.items():
        line = names[name]
        units = quantity * line.quantity_ordered / line.entered_quantity
        items.append(Item(line.product.sku if line.product else "", int(units), reason.code, order=standing_order.number))
    made = request_return(standing_order.customer.code, items, by=by, note=order.reason)
    return settle(message_id, MessageState.ENTERED, order_id, _("Return %(number)s was asked for.") % {"number": made.number}, by=by)


@use_case("channels.settle")
def settle(message_id: int, state: str, order_id: int | None, note: str, *, by: Any, at: datetime | None = None) -> str:
    """The message came to something: entered, a duplicate, or nothing to do; an entered order is answered."""
    message = lock_message(message_id)
    if message.state != MessageState.NEW:
        return message.state
    move(message, state, order_id=order_id, note=note[:300], findings=[])
    facts = {"message": message.pk, "state": state, "kind": message.kind, "order": order_id}
    current().event("channel.message_settled", about(message), facts)
    if state == MessageState.ENTERED and order_id and message.kind == MessageKind.ORDER:
        answer_order(order_id, by=by)
    return state


@use_case("channels.quarantine")
def quarantine(message_id: int, findings: Sequence[Mapping[str, Any]], *, by: Any, at: datetime | None = None) -> str:
    """The message waits for a person, kept whole, with every reason."""
    message = lock_message(message_id)
    if message.state != MessageState.NEW:
        return message.state
    move(message, MessageState.QUARANTINED, findings=list(findings))
    current().event("channel.message_quarantined", about(message), {"message": message.pk, "codes": sorted({f["code"] for f in findings})})
    return MessageState.QUARANTINED


def about(message: Message) -> list[tuple[str, int]]:
    """The timelines of a message's events: its own, and its order's."""
    return [("message", message.pk), *([("order", message.order_id)] if message.order_id else [])]


def move(message: Message, state: str, **values: Any) -> None:
    """Part: the one door to a message's state."""
    MESSAGE.check(message.state, state)
    cmd = current()
    message.state, message.changed_at, message.version = state, cmd.at, message.version + 1
    for name, value in values.items():
        setattr(message, name, value)
    message.save(update_fields=["state", "changed_at", "version", *values])
