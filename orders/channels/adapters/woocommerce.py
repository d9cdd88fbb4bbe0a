"""WooCommerce's order webhooks (REST v3 resource Order): order.created, order.updated, order.deleted, order.restored.

A WooCommerce order becomes one of ours once it is paid or on hold for payment by invoice; pending, failed and drafts wait.
Line totals are net of discounts and of tax. Where prices include tax the shop rounds each net, so its sums may be off by
half a cent an amount; everywhere else they must agree to the cent.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from orders.channels.adapters import trees
from orders.channels.adapters.trees import Unreadable, money, rows, text
from orders.channels.domain import (
    CANCEL,
    CHANGE,
    ORDER,
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

TOPICS = ("", "order.created", "order.updated", "order.restored", "order.deleted")
WAITING = ("pending", "failed", "checkout-draft", "auto-draft", "draft")
ENDED = ("cancelled", "refunded", "trash")


def read(data: bytes, setting: Setting) -> Parsed:
    """The one order of a webhook's body."""
    topic = setting.topic.strip().lower()
    try:
        found = trees.json(data)
        if not isinstance(found, dict) or not text(found.get("id")) or topic not in TOPICS:
            return Parsed(findings=(Finding("unsupported", "", {"name": topic or "JSON"}),))
        return Parsed((one(found, topic),))
    except Unreadable as error:
        return Parsed(findings=(error.finding,))


def one(found: dict[str, Any], topic: str) -> Read:
    """A body by its topic and the order's status there."""
    reference, status = text(found.get("id")), text(found.get("status")).lower()
    name = topic or "order"
    if topic == "order.deleted" or status in ENDED:
        reason = f"Shop: {status or 'deleted'}"
        return Read(reference, name, OrderMessage(CANCEL, reference, text(found.get("number")), text(found.get("date_modified_gmt")), reason=reason))
    if status in WAITING:
        return Read(reference, name, None, nothing=f"the shop's order is {status}")
    if rows(found.get("refunds")):
        amount = sum((money(r.get("total")) for r in rows(found["refunds"])), Decimal(0))
        finding = Finding("refunded_in_shop", "refunds", {"amount": format(abs(amount), "f")})
        order, findings = order_of(found, CHANGE, reference)
        return Read(reference, name, order, (finding, *findings))
    order, findings = order_of(found, ORDER if topic in ("", "order.created") else CHANGE, reference)
    return Read(reference, name, order, tuple(findings))


def order_of(found: dict[str, Any], kind: str, reference: str) -> tuple[OrderMessage, list[Finding]]:
    """The order, with the shop's own sums checked."""
    findings = sums(found)
    lines = tuple(line_of(item) for item in rows(found.get("line_items")) if money(item.get("quantity")) > 0)
    if not lines:
        findings.append(Finding("no_lines", "line_items", {}))
    customer = text(found.get("customer_id"))
    shipping = address(found.get("shipping"))
    billing = address(found.get("billing"))
    return OrderMessage(
        kind=kind, number=reference, customer_po=text(found.get("number")) or reference,
        as_of=text(found.get("date_modified_gmt")), ordered_on=moment(found.get("date_created_gmt") or found.get("date_created")), currency=text(found.get("currency")).upper(),
        buyer=Party(code=customer if customer != "0" else "", name=billing.name), ship_to=shipping if shipping.addressed else billing,
        payer=billing, lines=lines, charges=tuple(charges(found)), notes=text(found.get("customer_note"))[:2000],
        stated=Stated(total=money(found.get("total"))),
    ), findings  # fmt: skip


def line_of(item: dict[str, Any]) -> OrderedLine:
    """A line item; its total (after discounts, without tax) over its quantity is the net price."""
    quantity, total = money(item.get("quantity")), money(item.get("total"))
    codes = (text(item.get("sku")), text(item.get("variation_id")) if item.get("variation_id") else "", text(item.get("product_id")))
    references = tuple(Reference("shop", code) for code in codes if code)[:2]
    return OrderedLine(
        text(item.get("id")), references or (Reference("shop", text(item.get("name"))),), quantity, "", total,
        quantity, description=text(item.get("name"))[:200],
    )  # fmt: skip


def charges(found: dict[str, Any]) -> list[Charge]:
    """Shipping and fees, net; a negative fee is an allowance."""
    made = [Charge(text(r.get("method_title"))[:200] or "Shipping", money(r.get("total"))) for r in rows(found.get("shipping_lines"))]
    made += [Charge(text(r.get("name"))[:200] or "Fee", money(r.get("total"))) for r in rows(found.get("fee_lines"))]
    return [charge for charge in made if charge.amount]


def sums(found: dict[str, Any]) -> list[Finding]:
    """total = Σ lines + shipping + fees + tax; total_tax = cart tax + shipping tax."""
    items, fees = rows(found.get("line_items")), rows(found.get("fee_lines"))
    shipping = rows(found.get("shipping_lines"))
    net = sum((money(r.get("total")) for r in (*items, *shipping, *fees)), Decimal(0))
    total, tax = money(found.get("total")), money(found.get("total_tax"))
    slack = Decimal("0.005") * len([*items, *shipping, *fees]) if found.get("prices_include_tax") is True else Decimal(0)
    findings = []
    if differs(total, net + tax) and abs(total - net - tax) > slack:
        findings.append(difference("total", "total", total, net + tax))
    parts = money(found.get("cart_tax")) + money(found.get("shipping_tax"))
    if found.get("cart_tax") is not None and differs(tax, parts):
        findings.append(difference("tax_total", "total_tax", tax, parts))
    return findings


def address(found: Any) -> Party:
    """A shipping or billing address."""
    if not isinstance(found, dict):
        return Party()
    person = " ".join(filter(None, (text(found.get("first_name")), text(found.get("last_name")))))
    name = ", ".join(filter(None, (text(found.get("company")), person)))
    street = ", ".join(filter(None, (text(found.get("address_1")), text(found.get("address_2")))))
    return Party(
        name=name[:200], street=street[:200], city=text(found.get("city"))[:100], postal_code=text(found.get("postcode"))[:20],
        region=text(found.get("state"))[:100], country=text(found.get("country")).upper()[:2],
    )  # fmt: skip


def moment(value: Any) -> Any:
    """The day of an ISO timestamp, None when it is none."""
    try:
        return datetime.fromisoformat(text(value)).date()
    except ValueError:
        return None
