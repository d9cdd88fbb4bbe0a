"""The order as the customer gets it on paper: what is confirmed, at which price, arriving when; in the customer's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import override

from oms.company.models import Company
from oms.kernel.errors import Conflict
from oms.web.documents import pdf
from oms.web.documents import written as _
from oms.web.format import money, percent, price, quantity
from orders.book.choices import LineKind, OrderStatus
from orders.book.domain import Priced, totals
from orders.book.models import Order, OrderLine
from orders.planning.models import Promise
from orders.planning.selectors import last_promises


def confirmation_pdf(order: Order, company: Company) -> bytes:
    """The confirmation of an order that was submitted. Raises Conflict `draft`."""
    if order.status == OrderStatus.DRAFT:
        raise Conflict("A draft is not confirmed.", code="draft", clears="Submit it first.")
    lines = sorted(order.lines.all(), key=lambda x: x.position)
    return pdf("payments/billing/invoice.typ", confirmation_data(order, lines, last_promises([x.pk for x in lines]), company))


def confirmation_data(order: Order, lines: Sequence[OrderLine], promises: Mapping[int, Promise], company: Company) -> dict[str, Any]:
    """What the invoice's template sets: lines of which something stands, {line id: its standing promise}; sums of what stands."""
    code, place = order.currency_id, order.ship_to
    standing = [line for line in lines if line.quantity_ordered > line.quantity_cancelled]
    with override(order.customer.language):
        confirmed = order.status in (OrderStatus.APPROVED, OrderStatus.COMPLETED)
        title = _("Order confirmation %(number)s") if confirmed else _("Order %(number)s, not confirmed yet")
        sums = totals([
            Priced(x.quantity_ordered - x.quantity_cancelled, x.unit_price, x.price_unit, x.discount, x.tax_category, x.tax_rate) for x in standing
        ], order.currency.exponent)  # fmt: skip
        return {
            "sender": {"name": company.name, "address": company.address.split("\n"), "vat": company.vat_id, "iban": company.iban, "footer": company.document_footer},
            "to": [x for x in (place.name, place.street, f"{place.postal_code} {place.city}".strip(), place.country) if x], "lang": order.customer.language[:2],
            "title": title % {"number": order.number},
            "facts": [[_("Date"), date_format(order.approved_at or order.submitted_at or order.entered_at, "j N Y")], [_("Customer"), order.customer.code],
                      [_("Your order"), order.customer_po], [_("Wanted for"), date_format(order.requested_date, "j N Y")]],
            "heads": [_("Article"), _("Quantity"), _("Price"), _("Discount"), _("Arrives"), f"{_('Net')} {code}"],
            "lines": [
                [line.description, line.product.sku if line.product else "", quantity(line.quantity_ordered - line.quantity_cancelled),
                 price(line.unit_price, code) if line.price_unit == 1 else f"{price(line.unit_price, code)} / {line.price_unit}",
                 percent(line.discount, 1) if line.discount else "", arrival(line, promises.get(line.pk)), money(net, code)]
                for line, net in zip(standing, sums.nets, strict=True)
            ],
            "totals": [[_("Net"), money(sums.net, code)], [_("Tax"), money(sums.tax, code)], [_("Total %(currency)s") % {"currency": code}, money(sums.total, code)]],
            "notes": [order.instructions] if order.instructions else [],
            "pay": "" if confirmed else _("We look at your order and confirm it as soon as we can; until then days and quantities may change."),
            "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip


def arrival(line: OrderLine, promise: Promise | None) -> str:
    """When a line's goods arrive; nothing for charges, and in words where no day is known yet."""
    if line.kind == LineKind.CHARGE:
        return ""
    return date_format(promise.delivery_date, "j N Y") if promise and promise.delivery_date else _("no day yet")
