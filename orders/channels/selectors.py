"""Reads of channels: who sees which partner and message, and what a message's codes mean to us."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from customers.parties.models import Address, Customer
from customers.territory.selectors import customer_filter
from inventory.catalog.models import Product
from inventory.catalog.selectors import units_of
from oms.accounts.choices import Role
from oms.company.selectors import exponent
from oms.events.models import Event
from oms.kernel.errors import NotFound
from oms.kernel.money import half_up
from orders.book.models import Order
from orders.channels.choices import FINDINGS, WAIVABLE, Format, MessageState, Places
from orders.channels.domain import Finding, OrderedLine, OrderMessage, Party
from orders.channels.domain.units import unit_for
from orders.channels.models import CrossReference, Message, TradingPartner, WebhookEndpoint
from orders.planning.selectors import network
from payments.bank.models import Payment
from payments.billing.models import CreditNote, Invoice

CHANNELS = {
    Format.SHOPIFY: "shop", Format.WOOCOMMERCE: "shop", Format.X12: "edi", Format.EDIFACT: "edi", Format.UBL: "peppol", Format.CSV: "file",
}  # fmt: skip


def visible_partners(user: Any) -> QuerySet[TradingPartner]:
    """A partner's account sees its own channel; staff those whose customer they may see; managers those of many customers too."""
    if Role.PARTNER in user.roles and not user.is_system:
        return TradingPartner.objects.filter(account_id=user.pk)
    condition = Q(customer__isnull=False) & customer_filter(user, "customer")
    if user.is_system or Role.MANAGER in user.roles:
        condition |= Q(customer__isnull=True)
    return TradingPartner.objects.filter(condition)


def partner_for(user: Any, code: str) -> TradingPartner:
    """The active partner of that code, within what `user` sees. Raises NotFound `channel_missing`."""
    found = None if "\x00" in code else visible_partners(user).filter(code=code, active=True).first()
    if found is None:
        raise NotFound(_("There is no channel %(code)s.") % {"code": code[:40]}, code="channel_missing")
    return found


def partner_by_code(code: str) -> TradingPartner | None:
    """The active partner of that code, for webhooks: their signature says whether they may."""
    return None if "\x00" in code else TradingPartner.objects.filter(code=code, active=True).first()


def visible_messages(user: Any) -> QuerySet[Message]:
    """Messages of the partners `user` sees; of a partner of many customers also those whose order `user` sees."""
    seen = Q(partner__in=visible_partners(user).values("pk"))
    if Role.PARTNER not in user.roles:
        seen |= Q(order__isnull=False, order__customer__in=Customer.objects.filter(customer_filter(user)).values("pk"))
    return Message.objects.filter(seen)


def message_rows(user: Any) -> QuerySet[Message]:
    """Messages for a table, newest first."""
    return visible_messages(user).select_related("partner", "order", "transmission").defer("transmission__body", "content").order_by("-pk")


def from_partners(order_ids: Collection[int]) -> set[int]:
    """Of orders, those that came by a trading partner's message: their sender is answered."""
    return set(Message.objects.filter(order_id__in=order_ids).values_list("order_id", flat=True))


def listened_to(order_ids: Collection[int]) -> set[int]:
    """Of orders, those whose customer has a user with a webhook."""
    listeners = WebhookEndpoint.objects.values("user_id")
    return set(Order.objects.filter(pk__in=order_ids, customer__users__user__in=listeners).values_list("pk", flat=True))


def money_said(event: Event) -> dict[str, Any]:
    """What a webhook says of an invoice, a credit note or a payment: numbers and amounts as text; nothing of other events."""
    data = event.data

    def amount(value: Decimal, currency: str) -> str:
        return str(half_up(value, exponent(currency)))

    if event.name == "invoice.issued":
        invoice = Invoice.objects.get(pk=data["invoice"])
        said: dict[str, Any] = {"invoice": invoice.number, "due_date": invoice.due_date.isoformat(), "total": amount(invoice.total, invoice.currency_id), "currency": invoice.currency_id}
        if invoice.instalments > 1:
            said["instalments"] = [{"due_date": x.due_date.isoformat(), "amount": amount(x.amount, invoice.currency_id)} for x in invoice.parts]
        if numbers := list(invoice.orders.order_by("pk").values_list("order_number", flat=True)):
            said["orders"] = numbers
        return said
    if event.name == "credit_note.issued":
        note = CreditNote.objects.select_related("invoice").get(pk=data["credit_note"])
        return {"credit_note": note.number, "invoice": note.invoice.number, "total": amount(note.total, note.currency_id), "currency": note.currency_id}
    if event.name == "payment.applied":
        payment = Payment.objects.get(pk=data["payment"])
        numbers = dict(Invoice.objects.filter(pk__in=data["applied"]).values_list("pk", "number"))
        applied = {numbers[int(pk)]: amount(Decimal(part), payment.currency_id) for pk, part in data["applied"].items() if int(pk) in numbers}
        return {"payment": payment.number, "applied": applied, "currency": payment.currency_id}
    return {}


def waiting_messages(user: Any) -> QuerySet[Message]:
    """Messages in quarantine, the oldest first."""
    return visible_messages(user).filter(state=MessageState.QUARANTINED).select_related("partner").order_by("pk")


def sentence(finding: Mapping[str, Any]) -> str:
    """What a stored finding says, in the reader's language."""
    words = FINDINGS.get(finding["code"])
    if words is None:
        return str(finding["code"])
    try:
        return str(words) % finding.get("facts", {})
    except (KeyError, ValueError):
        return str(finding["code"])


def waivable(finding: Mapping[str, Any]) -> bool:
    """Whether a person may take it as it is."""
    return finding["code"] in WAIVABLE


def order_of(message: Message) -> OrderMessage | None:
    """The message's content with its corrections, or None when it could not be read. Raises msgspec.ValidationError."""
    if message.content is None:
        return None
    return msgspec.convert(corrected(message.content, message.corrections), OrderMessage)


def corrected(content: dict[str, Any], corrections: Mapping[str, str]) -> dict[str, Any]:
    """The content with {path: text} put in place; paths are of what stands there, "" removes an optional value."""
    whole = msgspec.json.decode(msgspec.json.encode(content))
    for path, text in corrections.items():
        *steps, last = path.split(".")
        place: Any = whole
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place[step]
        place[int(last) if isinstance(place, list) else last] = None if text == "" and last in OPTIONAL else text
    return whole


OPTIONAL = frozenset({"price", "net", "requested_date", "cancel_after", "ordered_on", "total", "tax", "lines_net", "quantity_sum"})


def base_order(partner: TradingPartner, number: str) -> Order | None:
    """The order this partner's number stands for."""
    return Order.objects.filter(channel=CHANNELS[Format(partner.format)], entered_by_id=partner.actor_id, external_id=number).first()


def entered_before(partner: TradingPartner, number: str, but: int) -> list[Message]:
    """Other messages of this number that came to something, the latest last."""
    states = (MessageState.ENTERED, MessageState.DUPLICATE)
    return list(Message.objects.filter(partner=partner, external_id=number, state__in=states).exclude(pk=but).order_by("changed_at", "pk"))


@dataclass(frozen=True)
class Meant:
    """A line with what its codes mean: our SKU, the unit's code ("" = base), how many base units one is, and the price unit."""

    line: OrderedLine
    product_id: int
    sku: str
    unit: str
    num: int
    den: int
    price_unit: int

    @property
    def base_quantity(self) -> Decimal:
        """In base units; whole or not, as ordered."""
        return self.line.quantity * self.num / self.den


@dataclass(frozen=True)
class Resolved:
    """A message in our words; `new_place` is an address to be added to the customer first."""

    customer: Customer | None = None
    address: Address | None = None
    new_place: Mapping[str, Any] | None = None
    lines: tuple[Meant, ...] = ()
    findings: tuple[Finding, ...] = ()


def resolve(partner: TradingPartner, order: OrderMessage) -> Resolved:
    """What every code of the message means, all that is unknown named at once. Six statements at most."""
    references = {(r.kind, r.code): r for r in _references(partner, order)}
    findings: list[Finding] = []
    customer = _customer(partner, order, references, findings)
    address, new_place = _place(partner, customer, order.ship_to, references, findings) if customer else (None, None)
    if customer and order.currency and order.currency != customer.currency_id:
        findings.append(Finding("currency", "", {"found": order.currency, "expected": customer.currency_id}))
    lines = _lines(order.lines, references, findings)
    return Resolved(customer, address, new_place, tuple(lines), tuple(findings))


def _references(partner: TradingPartner, order: OrderMessage) -> QuerySet[CrossReference]:
    codes = {r.code for line in order.lines for r in line.references} | {line.unit for line in order.lines}
    codes |= {order.buyer.code, order.ship_to.code}
    return CrossReference.objects.filter(partner=partner, code__in=[c for c in codes if c]).select_related("product", "customer", "address")


def _customer(
    partner: TradingPartner, order: OrderMessage, references: Mapping[tuple[str, str], CrossReference], findings: list[Finding]
) -> Customer | None:
    """The cross-referenced buyer, else the customer of the place, else the partner's own."""
    known = references.get(("customer", order.buyer.code))
    if known is not None:
        return known.customer
    if partner.customer is not None:
        return partner.customer
    place = references.get(("address", order.ship_to.code))
    if place is not None and place.address is not None:
        return place.address.customer
    value = order.buyer.code or order.buyer.name or "–"
    findings.append(Finding("unknown_customer", "buyer", {"value": value, "code": order.buyer.code}))
    return None


def plain(text: str) -> str:
    """For comparing addresses: letters and digits only, small."""
    return "".join(c for c in text.casefold() if c.isalnum())


def _place(
    partner: TradingPartner, customer: Customer, place: Party, references: Mapping[tuple[str, str], CrossReference], findings: list[Finding]
) -> tuple[Address | None, Mapping[str, Any] | None]:
    """(address, None), or (None, values of a new one) where the partner's places are added; a finding when neither."""
    known = references.get(("address", place.code)) if place.code else None
    if known is not None and known.address is not None and known.address.customer_id == customer.pk:
        return known.address, None
    addresses = list(customer.addresses.filter(retired_at__isnull=True).order_by("-is_default", "pk"))
    default = next((a for a in addresses if a.is_default), None)
    if not place.code and not place.addressed:
        return default, None
    for address in addresses:
        if place.code and address.code == place.code:
            return address, None
        if place.addressed and plain(address.postal_code + address.street) == plain(place.postal_code + place.street) and address.country in (place.country, ""):
            return address, None
    value = ", ".join(filter(None, (place.code, place.name, place.street, place.postal_code, place.city, place.country)))
    if partner.places != Places.CREATED or not place.addressed:
        findings.append(Finding("unknown_address", "ship_to", {"value": value, "code": place.code}))
        return None, None
    country = place.country or (default.country if default else "")
    zone = default.transit_zone if default and default.country == country else country if country in network().by_zone else ""
    if not zone:
        findings.append(Finding("no_zone", "ship_to", {"value": value}))
        return None, None
    code = "S" + hashlib.sha256(plain(value).encode()).hexdigest()[:15].upper()
    values = {"code": code, "name": place.name or customer.name, "street": place.street, "postal_code": place.postal_code, "city": place.city,
              "region": place.region, "country": country, "transit_zone": zone}  # fmt: skip
    return next((a for a in addresses if a.code == code), None), values


def gtins(code: str) -> set[str]:
    """The ways to write a GTIN: as it is, and padded with zeros."""
    bare = code.lstrip("0")
    return {code, bare, *(bare.zfill(n) for n in (8, 12, 13, 14))} if code.isdecimal() else {code}


def _lines(lines: Sequence[OrderedLine], references: Mapping[tuple[str, str], CrossReference], findings: list[Finding]) -> list[Meant]:
    """Each line's product by cross-reference, else by our own SKU or the GTIN; then its unit. Lines taken off need none."""
    lines = [line for line in lines if line.quantity]
    codes = {r.code for line in lines for r in line.references}
    numbers = {g for line in lines for r in line.references if r.scheme in ("gtin", "") for g in gtins(r.code)}
    ours = {p.sku: p for p in Product.objects.filter(sku__in=codes)}
    by_gtin = {p.gtin.lstrip("0"): p for p in Product.objects.filter(gtin__in=numbers).exclude(gtin="")}
    found = [(line, product_of(line, references, ours, by_gtin, findings)) for line in lines]
    units = units_of({p.pk for _line, p in found if p is not None})
    by_product: dict[int, list[str]] = {}
    for product_id, code in units:
        by_product.setdefault(product_id, []).append(code)
    meant = []
    for line, product in found:
        if product is None:
            continue
        mapped = references.get(("unit", line.unit))
        unit = unit_for(mapped.unit if mapped else line.unit, product.base_unit, by_product.get(product.pk, ()))
        if unit is None:
            findings.append(Finding("unknown_unit", f"lines.{line.number}", {"line": line.number, "value": line.unit, "sku": product.sku, "code": line.unit}))
            continue
        num, den = units.get((product.pk, unit or product.base_unit), (1, 1))
        meant.append(Meant(line, product.pk, product.sku, unit, num, den, product.price_unit))
    return meant


def product_of(
    line: OrderedLine, references: Mapping[tuple[str, str], CrossReference], ours: Mapping[str, Product], by_gtin: Mapping[str, Product],
    findings: list[Finding],
) -> Product | None:  # fmt: skip
    """The product all references of a line agree on. What was cross-referenced by a person wins over what we guess by."""
    mapped = [r.product for ref in line.references if (r := references.get(("product", ref.code))) is not None and r.product]
    if not mapped:
        mapped = [p for ref in line.references if ref.scheme in ("seller", "shop", "") and (p := ours.get(ref.code))]
        mapped += [p for ref in line.references if ref.scheme in ("gtin", "") and (p := by_gtin.get(ref.code.lstrip("0")))]
    different = {p.pk: p for p in mapped}
    if len(different) == 1:
        return mapped[0]
    value = ", ".join(r.code for r in line.references) or line.description or "–"
    code = line.references[0].code if line.references else ""
    facts = {"line": line.number, "value": value, "code": code}
    findings.append(Finding("product_conflict" if different else "unknown_product", f"lines.{line.number}", facts))
    return None

