"""The JSON of the API: typed decoding of what comes in, plain dictionaries of what goes out. No database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from oms.kernel.errors import Invalid
from orders.book.choices import Channel
from orders.entry.domain import Answer, ChargeRequest, EntryRequest, LineRequest


class LineIn(msgspec.Struct, forbid_unknown_fields=True):
    """One line of an order as sent."""

    sku: str
    quantity: Decimal
    unit: str = ""
    price: Decimal | None = None
    discount: Decimal | None = None
    no_split: bool = False
    reason: str = ""


class ChargeIn(msgspec.Struct, forbid_unknown_fields=True):
    """Freight or a fee."""

    description: str
    amount: Decimal


class OrderIn(msgspec.Struct, forbid_unknown_fields=True):
    """An order as sent by a partner; `customer` may be left out by a customer's own key."""

    lines: list[LineIn]
    customer: str = ""
    ship_to: str = ""
    external_id: str = ""
    customer_po: str = ""
    requested_date: date | None = None
    cancel_after: date | None = None
    charges: list[ChargeIn] = []
    delivery_rule: int | None = None
    shortage_rule: str | None = None
    instructions: str = ""
    shown: dict[str, Any] | None = None
    accept_changes: bool = False


_decoder = msgspec.json.Decoder(OrderIn)
_encoder = msgspec.json.Encoder(decimal_format="string")

LIMITS = {"customer": 20, "ship_to": 20, "external_id": 60, "customer_po": 60, "instructions": 2_000}


def decode_order(body: bytes, channel: Channel = Channel.API) -> EntryRequest:
    """The request of a JSON body. Raises Invalid `malformed` naming the place, `too_long`, `bad_character`."""
    try:
        sent = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
        raise Invalid(str(error), code="malformed") from error
    for field, limit in LIMITS.items():
        check_text(field, getattr(sent, field), limit)
    for i, line in enumerate(sent.lines):
        check_text(f"lines.{i}.sku", line.sku, 40)
        check_text(f"lines.{i}.unit", line.unit, 20)
        check_number(f"lines.{i}.quantity", line.quantity, 6)
        check_number(f"lines.{i}.price", line.price, 6)
        check_number(f"lines.{i}.discount", line.discount, 6, top=Decimal(1))
    for i, charge in enumerate(sent.charges):
        check_text(f"charges.{i}.description", charge.description, 200)
        check_number(f"charges.{i}.amount", charge.amount, 3)
    if sent.delivery_rule not in (None, 0, 1, 2) or sent.shortage_rule not in (None, "backorder", "cancel", "refuse"):
        raise Invalid(_("There is no such rule."), code="unknown_rule", field="delivery_rule")
    return EntryRequest(
        customer=sent.customer,
        lines=tuple(
            LineRequest(x.sku, x.quantity, x.unit, x.price, x.discount, x.no_split, x.reason) for x in sent.lines
        ),
        channel=channel.value,
        charges=tuple(ChargeRequest(x.description, x.amount) for x in sent.charges),
        ship_to=sent.ship_to, external_id=sent.external_id, customer_po=sent.customer_po,
        requested_date=sent.requested_date, cancel_after=sent.cancel_after, delivery_rule=sent.delivery_rule,
        shortage_rule=sent.shortage_rule, instructions=sent.instructions, shown=sent.shown,
        accept_changes=sent.accept_changes, payload=body, payload_type="application/json",
    )  # fmt: skip


def check_text(field: str, value: str, limit: int) -> None:
    """Refuse text that is too long or holds a NUL, which no database column takes."""
    if len(value) > limit:
        raise Invalid(_("At most %(n)s characters.") % {"n": limit}, code="too_long", field=field)
    if "\x00" in value:
        raise Invalid(_("A NUL character is not allowed."), code="bad_character", field=field)


def check_number(field: str, value: Decimal | None, places: int, top: Decimal = Decimal(10) ** 12) -> None:
    """Refuse what is not a finite number from 0 to `top` with at most `places` decimals."""
    if value is None:
        return
    if not value.is_finite() or value < 0 or value > top or value.normalize().as_tuple().exponent < -places:  # type: ignore[operator]
        raise Invalid(
            _("A number from 0 to %(top)s with at most %(places)s decimals.") % {"top": top, "places": places},
            code="bad_number", field=field,
        )  # fmt: skip


def answer_data(answer: Answer) -> dict[str, Any]:
    """The answer as the API gives it; amounts as strings, dates as ISO."""
    return {
        "number": answer.number,
        "status": answer.status,
        "approval": answer.approval,
        "currency": answer.currency,
        "net": answer.net,
        "tax": answer.tax,
        "total": answer.total,
        "credit_left": answer.credit_left,
        "requested_date": answer.requested_date,
        "claim_expires_at": answer.claim_expires_at,
        "holds": [{"kind": h.kind, "code": h.code, "amount": h.amount, "reason": h.reason} for h in answer.holds],
        "lines": [
            {
                "sku": x.sku, "name": x.name, "quantity": x.quantity, "unit_price": x.unit_price,
                "price_unit": x.price_unit, "discount": x.discount, "price_source": x.price_source, "net": x.net,
                "promised": x.promised, "ship_date": x.ship_date, "delivery_date": x.delivery_date,
                "source": x.source, "constraint": x.constraint,
                "parts": [
                    {"location": code, "ship_date": ship, "delivery_date": arrive, "quantity": quantity}
                    for code, ship, arrive, quantity in x.parts
                ],
            }
            for x in answer.lines
        ],
        "shown": answer.shown(),
    }  # fmt: skip


def encode(data: Any) -> bytes:
    """JSON bytes; Decimals as strings."""
    return _encoder.encode(data)


def encode_partner(answer: Answer) -> bytes:
    """The answer for a partner: without credit figures and who approves."""
    data = answer_data(answer)
    del data["credit_left"], data["approval"]
    data["holds"] = [{"kind": hold["kind"]} for hold in data["holds"]]
    return encode(data)
