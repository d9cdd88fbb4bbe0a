"""The return slip: what comes back, where to, why; lies in the parcel. In the customer's language."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format
from django.utils.translation import override

from inventory.catalog.models import StorageLocation
from oms.company.models import Company, ReasonCode
from oms.web.barcodes import code128
from oms.web.documents import written as _
from oms.web.format import quantity
from orders.returns.models import Return


def address_of(location: StorageLocation) -> list[str]:
    """Where the goods go."""
    return [location.name, *(part for part in location.address.split("\n") if part), location.country]


def slip_data(returned: Return, company: Company) -> dict[str, Any]:
    """What the slip's template sets; `returned` with lines, products, orders and customer."""
    with override(returned.customer.language):
        reasons = dict(ReasonCode.objects.filter(kind="return").values_list("code", "text"))
        lines = [line for line in returned.lines.all() if line.status not in ("refused", "withdrawn")]
        return {
            "sender": {"name": company.name, "address": company.address.split("\n"), "vat": company.vat_id, "iban": company.iban,
                       "footer": company.document_footer},
            "to": address_of(returned.location), "lang": returned.customer.language[:2],
            "title": _("Return slip %(number)s") % {"number": returned.number},
            "facts": [
                [_("Date"), date_format(returned.requested_at, "j N Y")], [_("Customer"), f"{returned.customer.code} {returned.customer.name}"],
                [_("Orders"), ", ".join(sorted({line.order.number for line in lines}))], [_("Tracking"), returned.tracking_number],
            ],
            "heads": [_("Article"), _("Order"), _("Shipment"), _("Reason"), _("Quantity")],
            "lines": [
                [line.product.name, line.product.sku, line.order.number, line.shipment_line.shipment.number,
                 reasons.get(line.reason, line.reason), quantity(line.quantity_authorised or line.quantity_requested)]
                for line in lines
            ],
            "barcode": code128(returned.number), "number": returned.number,
            "ask": _("Lay this slip into the parcel. Only goods on it are credited."), "page": _("Page"), "vat": _("VAT number"),
        }  # fmt: skip
