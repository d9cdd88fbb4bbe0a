"""The note that goes with a transfer, as printed: what to take where, with barcodes."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format

from inventory.transfers.models import Transfer
from inventory.transfers.selectors import coming, picks
from oms.company.models import Company
from oms.web.barcodes import code128
from oms.web.documents import written as _
from oms.web.format import quantity


def note_data(transfer: Transfer, company: Company) -> dict[str, Any]:
    """What the note's template sets: before it leaves the places to take from, afterwards what is in the truck."""
    if transfer.status in ("requested", "cancelled"):
        rows = [
            (
                p.balance.bin if p.balance else "",
                p.line.product,
                p.balance.lot if p.balance else "",
                p.quantity,
            )
            for p in picks(transfer)
        ]
    else:
        rows = [("", c.line.product, c.lot, c.quantity) for c in coming(transfer)]
    return {
        "sender": {"name": company.name, "address": company.address.split("\n"), "vat": company.vat_id, "iban": "", "footer": ""},
        "to": [transfer.target.name, *transfer.target.address.split("\n")], "lang": "en",
        "title": _("Transfer %(number)s") % {"number": transfer.number},
        "facts": [[_("From"), transfer.source.name], [_("To"), transfer.target.name], [_("Leaves"), date_format(transfer.ship_date, "j N Y")],
                  [_("Arrives"), date_format(transfer.arrival_date, "j N Y")]],
        "heads": [_("Bin"), _("Article"), _("Lot"), _("Quantity"), _("Code")],
        "lines": [[bin_, product.name, product.sku, lot, quantity(units), code128(product.sku)] for bin_, product, lot, units in rows],
        "barcode": code128(transfer.number), "number": transfer.number, "page": _("Page"), "vat": _("VAT number"),
    }  # fmt: skip
