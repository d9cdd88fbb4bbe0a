"""The count sheet as printed: what to count where, and nothing of what the books say."""

from __future__ import annotations

from typing import Any

from django.utils.formats import date_format

from inventory.counts.models import CountSheet
from inventory.counts.selectors import lines_of
from oms.company.models import Company
from oms.web.barcodes import code128
from oms.web.documents import written as _


def sheet_data(sheet: CountSheet, company: Company) -> dict[str, Any]:
    """What the sheet's template sets, in the order one walks."""
    bins = " – ".join(x for x in (sheet.bin_from, sheet.bin_to) if x)
    return {
        "sender": {"name": company.name, "address": company.address.split("\n"), "vat": company.vat_id, "iban": "", "footer": ""},
        "to": [sheet.location.name], "lang": "en", "title": _("Count sheet %(number)s") % {"number": sheet.number},
        "facts": [[_("Opened"), date_format(sheet.opened_at, "j N Y")], [_("Bins"), bins or _("all")], [_("Family"), sheet.family or _("all")],
                  [_("Counted at"), "______________________"], [_("Counted by"), "______________________"]],
        "heads": [_("Bin"), _("Article"), _("Lot"), _("Unit"), _("Counted"), _("Code")],
        "lines": [[x.bin, x.product.name, x.product.sku, x.lot, x.product.base_unit, code128(x.product.sku)] for x in lines_of(sheet)],
        "barcode": code128(sheet.number), "number": sheet.number, "page": _("Page"), "vat": _("VAT number"),
    }  # fmt: skip
