"""Shopify's order webhooks (Admin REST resources Order and Refund): orders/create, updated, edited, cancelled, refunds/create.

The REST answer's wrapper {"order": …} is taken too. Amounts are made net: with taxes included the tax of a line is taken
off. What a refund took away before it was sent (restock_type cancel) lowers the line, what came back does not: that is a return.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from orders.channels.adapters import trees
from orders.channels.adapters.trees import Unreadable, money, rows, text
from orders.channels.domain import (
    CANCEL,
    CHANGE,
    ORDER,
    RETURN,
    Charge,
    Finding,
    OrderedLine,
    OrderMessage,
    Parsed,
    Party,
    Read,
    Reference,
    Setting,
    Stated,
)
from orders.channels.domain.sums import difference, differs

KINDS = {"orders/create": ORDER, "orders/paid": ORDER, "orders/updated": CHANGE, "orders/edited": CHANGE, "orders/cancelled": CANCEL, "": ORDER}
IGNORED = ("orders/fulfilled", "orders/partially_fulfilled", "orders/delete")


def read(data: bytes, setting: Setting) -> Parsed:
    """The one order or refund of a webhook's body."""
    topic = setting.topic.strip().lower()
    try:
        found = trees.json(data)
        if isinstance(found, dict) and isinstance(found.get("refund"), dict):
            found, topic = found["refund"], "refunds/create"
        elif isinstance(found, dict) and isinstance(found.get("order"), dict):
            found = found["order"]
        if not isinstance(found, dict) or not text(found.get("id")):
            return Parsed(findings=(Finding("unsupported", "", {"name": topic or "JSON"}),))
        return Parsed((one(found, topic),))
    except Unreadable as error:
        return Parsed(findings=(error.finding,))


def one(found: dict[str, Any], topic: str) -> Read:
    """A body by its topic."""
    reference = text(found.get("id"))
    if topic == "refunds/create":
        return refund(found, reference)
    if topic not in KINDS:
        why = f"{topic} asks nothing of us" if topic in IGNORED else ""
        return Read(reference, topic, None, () if why else (Finding("unsupported", "", {"name": topic}),), nothing=why)
    kind = CANCEL if found.get("cancelled_at") else KINDS[topic]
    name = topic or "order"
    if kind == CANCEL:
        reason = text(found.get("cancel_reason")) or "cancelled"
        return Read(reference, name, OrderMessage(CANCEL, reference, text(found.get("name")), text(found.get("updated_at")), reason=f"Shop: {reason}"))
    order, findings = order_of(found, kind, reference)
    return Read(reference, name, order, tuple(findings), test=found.get("test") is True)


def order_of(found: dict[str, Any], kind: str, reference: str) -> tuple[OrderMessage, list[Finding]]:
    """The order, with the shop's own sums checked as the shop reckons them."""
    included = found.get("taxes_included") is True
    taken, _returned = refunded(found)
    items = rows(found.get("line_items"))
    lines, findings = [], list[Finding]()
    for item in items:
        line = line_of(item, included, taken.get(text(item.get("id")), Decimal(0)))
        if line.quantity or kind == CHANGE:
            lines.append(line)
    if not lines:
        findings.append(Finding("no_lines", "line_items", {}))
    findings += sums(found, items, included)
    refunds = bool(rows(found.get("refunds"))) or any("current_quantity" in i and i["current_quantity"] != i.get("quantity") for i in items)
    total = money(found.get("current_total_price", found.get("total_price")) if refunds else found.get("total_price"))
    return OrderMessage(
        kind=kind, number=reference, customer_po=text(found.get("name")) or reference, as_of=text(found.get("updated_at")), ordered_on=moment(found.get("created_at")),
        currency=text(found.get("currency")).upper(), buyer=buyer(found), ship_to=address(found.get("shipping_address")),
        payer=address(found.get("billing_address")), lines=tuple(lines), charges=tuple(charges(found, included)),
        notes=note(found), stated=Stated(total=total),
    ), findings  # fmt: skip


def refunded(found: dict[str, Any]) -> tuple[dict[str, Decimal], dict[str, Decimal]]:
    """({line: units taken away before they were sent}, {line: units that come back}) of the order's refunds."""
    taken, returned = dict[str, Decimal](), dict[str, Decimal]()
    for each in rows(found.get("refunds")):
        for row in rows(each.get("refund_line_items")):
            goes = returned if text(row.get("restock_type")) == "return" else taken
            line = text(row.get("line_item_id"))
            goes[line] = goes.get(line, Decimal(0)) + money(row.get("quantity"))
    return taken, returned


def line_of(item: dict[str, Any], included: bool, taken: Decimal) -> OrderedLine:
    """A line item: discounts and, where prices include it, tax are spread over its units."""
    quantity = money(item.get("quantity"))
    off = sum((money(row.get("amount")) for row in rows(item.get("discount_allocations"))), Decimal(0))
    off = off or money(item.get("total_discount"))
    tax = sum((money(row.get("price")) for row in rows(item.get("tax_lines"))), Decimal(0)) if included else Decimal(0)
    left = max(quantity - taken, Decimal(0))
    price = quantity * money(item.get("price")) - off - tax  # of all units: per unit it may not come out even
    references = tuple(Reference("shop", code) for code in (text(item.get("sku")), text(item.get("variant_id"))) if code)
    return OrderedLine(
        text(item.get("id")), references or (Reference("shop", text(item.get("title"))),), left, "", price, quantity or Decimal(1),
        description=(text(item.get("name")) or text(item.get("title")))[:200],
    )  # fmt: skip


def charges(found: dict[str, Any], included: bool) -> list[Charge]:
    """Shipping, duties and tip, net."""
    made = []
    for row in rows(found.get("shipping_lines")):
        amount = money(row.get("discounted_price", row.get("price")))
        if "discounted_price" not in row:
            amount -= sum((money(x.get("amount")) for x in rows(row.get("discount_allocations"))), Decimal(0))
        if included:
            amount -= sum((money(x.get("price")) for x in rows(row.get("tax_lines"))), Decimal(0))
        if amount:
            made.append(Charge(text(row.get("title"))[:200] or "Shipping", amount))
    if tip := money(found.get("total_tip_received")):
        made.append(Charge("Tip", tip))
    return made


def sums(found: dict[str, Any], items: list[dict[str, Any]], included: bool) -> list[Finding]:
    """total_line_items_price = Σ price × quantity; subtotal = that − discounts of lines; total = subtotal + shipping + tax (unless included) + tip."""
    findings = []
    lines = sum((money(i.get("price")) * money(i.get("quantity")) for i in items), Decimal(0))
    stated = found.get("total_line_items_price")
    if stated is not None and differs(money(stated), lines):
        findings.append(difference("lines_total", "total_line_items_price", money(stated), lines))
        lines = money(stated)
    discounts = money(found.get("total_discounts"))
    shipping = sum((money(r.get("price")) for r in rows(found.get("shipping_lines"))), Decimal(0))
    tax = Decimal(0) if included else money(found.get("total_tax"))
    total = lines - discounts + shipping + tax + money(found.get("total_tip_received"))
    total += sum((money(x.get("price")) for x in rows(found.get("duties"))), Decimal(0))
    if found.get("total_price") is not None and differs(money(found["total_price"]), total):
        findings.append(difference("total", "total_price", money(found["total_price"]), total))
    return findings


def buyer(found: dict[str, Any]) -> Party:
    """Who bought, by the shop's number of the customer; companies (B2B) by theirs."""
    company, customer = found.get("company"), found.get("customer")
    if isinstance(company, dict) and text(company.get("id")):
        return Party(code=text(company.get("location_id")) or text(company.get("id")))
    if not isinstance(customer, dict):
        return Party()
    name = " ".join(filter(None, (text(customer.get("first_name")), text(customer.get("last_name")))))
    return Party(code=text(customer.get("id")), name=name[:200])


def address(found: Any) -> Party:
    """An address of the shop; the company's name goes first where there is one."""
    if not isinstance(found, dict):
        return Party()
    person = text(found.get("name")) or " ".join(filter(None, (text(found.get("first_name")), text(found.get("last_name")))))
    name = ", ".join(filter(None, (text(found.get("company")), person)))
    street = ", ".join(filter(None, (text(found.get("address1")), text(found.get("address2")))))
    return Party(
        name=name[:200], street=street[:200], city=text(found.get("city"))[:100], postal_code=text(found.get("zip"))[:20],
        region=text(found.get("province"))[:100], country=text(found.get("country_code")).upper()[:2],
    )  # fmt: skip


def note(found: dict[str, Any]) -> str:
    """What the buyer wrote, with the properties of lines (engravings and the like)."""
    parts = [text(found.get("note"))] + [f"{text(r.get('name'))}: {text(r.get('value'))}" for r in rows(found.get("note_attributes"))]
    parts += [f"{text(i.get('title'))}: {text(p.get('name'))} {text(p.get('value'))}"
              for i in rows(found.get("line_items")) for p in rows(i.get("properties"))]  # fmt: skip
    return "\n".join(filter(None, parts))[:2000]


def moment(value: Any) -> Any:
    """The day of an ISO timestamp, None when it is none."""
    try:
        return datetime.fromisoformat(text(value).replace("Z", "+00:00")).date()
    except ValueError:
        return None


def refund(found: dict[str, Any], reference: str) -> Read:
    """A refund: units that come back are a return; units never sent come off with the order's own update."""
    order_id = text(found.get("order_id"))
    if not order_id:
        return Read(reference, "refunds/create", None, (Finding("number_missing", "order_id", {"value": ""}),))
    wrapped: Mapping[str, Any] = {"refunds": [found]}
    taken, returned = refunded(dict(wrapped))
    if not returned:
        why = "orders/updated brings what was taken off" if taken else "money only: the refund is booked by finance"
        return Read(reference, "refunds/create", None, nothing=why)
    order = OrderMessage(RETURN, order_id, order_id, reason=text(found.get("note"))[:200], returned=returned)
    return Read(reference, "refunds/create", order)
