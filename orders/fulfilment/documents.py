"""Picking list, list of a wave and packing slip as printed: every value as the text that stands on paper."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import override

from oms.company.models import Company
from oms.web.barcodes import code128
from oms.web.documents import written as _
from oms.web.format import money, price, quantity
from orders.fulfilment.models import Shipment, ShipmentLine, Wave
from orders.fulfilment.selectors import Take


def _sender(company: Company) -> dict[str, Any]:
    return {"name": company.name, "address": company.address.split("\n"), "vat": company.vat_id, "iban": company.iban, "footer": company.document_footer}


def _to(shipment: Shipment) -> list[str]:
    a = shipment.order.ship_to
    return [x for x in (a.name, a.street, f"{a.postal_code} {a.city}".strip(), a.country) if x]


def _lines(shipment: Shipment) -> list[ShipmentLine]:
    rows = shipment.lines.select_related("product", "line", "allocation__balance")
    return sorted(rows, key=lambda x: (x.allocation.balance.bin, x.product.sku, x.allocation.balance.lot, x.pk))


def picking_data(shipment: Shipment, company: Company) -> dict[str, Any]:
    """What the picking list's template sets, in the order one walks; in the reader's language."""
    return {
        "sender": _sender(company), "to": _to(shipment), "lang": "en", "title": _("Picking list %(number)s") % {"number": shipment.number},
        "facts": [[_("Location"), shipment.location.name], [_("Ships"), date_format(shipment.planned_date, "j N Y")],
                  [_("Order"), shipment.order.number], [_("Carrier"), shipment.carrier]],
        "heads": [_("Bin"), _("Article"), _("Lot"), _("Quantity"), _("Code")],
        "lines": [[x.allocation.balance.bin, x.product.name, x.product.sku, x.allocation.balance.lot, quantity(x.quantity), code128(x.product.sku)]
                  for x in _lines(shipment)],
        "barcode": code128(shipment.number), "number": shipment.number, "page": _("Page"), "vat": _("VAT number"),
    }  # fmt: skip


def label_data(shipment: Shipment, company: Company) -> dict[str, Any]:
    """What the parcel's label sets; the barcode is the carrier's tracking number, until there is one the shipment's number."""
    code = shipment.tracking_number or shipment.number
    return {
        "sender": _sender(company), "to": _to(shipment), "carrier": shipment.carrier, "code": code, "barcode": code128(code),
        "words": {"to": _("Deliver to")},
        "facts": [[_("Shipment"), shipment.number], [_("Order"), shipment.order.number], [_("Your order"), shipment.order.customer_po],
                  [_("Ships"), date_format(shipment.planned_date, "j N Y")], [_("Note"), shipment.order.instructions[:120]]],
    }  # fmt: skip


def slip_data(shipment: Shipment, company: Company, prices: bool, label: bool = False) -> dict[str, Any]:
    """What the packing slip's template sets, in the customer's language; prices only where asked for, `label` puts the parcel's behind it."""
    code = shipment.order.currency_id
    with override(shipment.order.customer.language):
        rows = sorted(_lines(shipment), key=lambda x: (x.line.position, x.pk))
        return {
            "sender": _sender(company), "to": _to(shipment), "lang": shipment.order.customer.language[:2],
            "title": _("Packing slip %(number)s") % {"number": shipment.number},
            "facts": [[_("Date"), date_format(shipment.shipped_at or shipment.planned_date, "j N Y")], [_("Our order"), shipment.order.number],
                      [_("Your order"), shipment.order.customer_po], [_("Carrier"), shipment.carrier], [_("Tracking"), shipment.tracking_number]],
            "heads": [_("Article"), _("Lot"), _("Quantity"), *([f"{_('Price')} {code}", f"{_('Net')} {code}"] if prices else [])],
            "lines": [
                [x.line.description, x.product.sku, x.allocation.balance.lot, quantity(x.quantity),
                 *([price(x.line.unit_price, code) if x.line.price_unit == 1 else f"{price(x.line.unit_price, code)} / {x.line.price_unit}",
                    money(x.quantity * x.line.unit_price * (1 - x.line.discount) / x.line.price_unit, code)] if prices else [])]
                for x in rows
            ],
            "notes": [shipment.order.instructions] if shipment.order.instructions else [],
            "label": label_data(shipment, company) if label else None,
            "barcode": code128(shipment.number), "number": shipment.number, "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip


def wave_data(wave: Wave, takes: Sequence[Take], company: Company) -> dict[str, Any]:
    """What the wave's list sets: every place once, with how much of it goes into which shipment."""
    return {
        "sender": _sender(company), "to": [wave.location.name, *wave.location.address.split("\n")], "lang": "en",
        "title": _("Wave %(number)s") % {"number": wave.number},
        "facts": [[_("Location"), wave.location.name], [_("Day"), date_format(wave.day, "j N Y")], [_("Places"), quantity(len(takes))],
                  [_("Units"), quantity(sum(x.quantity for x in takes))]],
        "heads": [_("Bin"), _("Article"), _("Lot"), _("Quantity"), _("For")],
        "lines": [[x.bin, x.name, x.sku, x.lot, quantity(x.quantity), ", ".join(f"{number} × {quantity(n)}" for number, n in x.parts)] for x in takes],
        "barcode": code128(wave.number), "number": wave.number, "page": _("Page"), "vat": _("VAT number"),
    }  # fmt: skip
