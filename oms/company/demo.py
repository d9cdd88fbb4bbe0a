"""The practice company: a European distributor of tools and fittings."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from oms.company.services import CalendarSetup, CompanySetup, ReasonSetup, TaxSetup, setup_company

STEP = 10
YEARS = (2025, 2026, 2027, 2028)
START = date(2020, 1, 1)


def fill(by: Any) -> None:
    """Company, currencies, calendars with public holidays, tax rules, number series, reasons."""
    setup_company(
        CompanySetup(
            name="Nordwind Tools", currency="EUR", country="FR", timezone="Europe/Paris",
            address="12 quai des Docks\n69002 Lyon\nFrance", vat_id="FR40303265045", iban="FR7630006000011234567890189",
            document_footer="Nordwind Tools SAS · RCS Lyon 303 265 045",
            currencies=[("EUR", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)],
            calendars=[
                CalendarSetup("FR", "France, Monday to Friday", country="FR", years=YEARS),
                CalendarSetup("DE", "Germany, Monday to Friday", country="DE", years=YEARS),
                CalendarSetup("IT", "Italy, Monday to Friday", country="IT", years=YEARS),
                CalendarSetup("CARRIER", "Carriers, Monday to Saturday", (True,) * 6 + (False,)),
            ],
            tax_rules=[
                TaxSetup("standard", "domestic", "standard", Decimal("0.20"), START, ship_to="FR"),
                TaxSetup("reduced", "domestic", "reduced", Decimal("0.055"), START, ship_to="FR"),
                TaxSetup("standard", "eu_business", "reverse_charge", Decimal(0), START, note="Reverse charge, art. 196"),
                TaxSetup("reduced", "eu_business", "reverse_charge", Decimal(0), START, note="Reverse charge, art. 196"),
                TaxSetup("standard", "export", "export", Decimal(0), START, note="Export, art. 146"),
            ],
            series=[("invoice", "INV-", 1), ("payment", "PAY-", 1)],
            reasons=[
                ReasonSetup("cut", "no_stock", "No stock in time", party="supplier"),
                ReasonSetup("cut", "credit", "Credit does not allow it", party="customer"),
                ReasonSetup("cut", "minimum", "Kept for other customers"),
                ReasonSetup("short", "not_found", "Not in its place"),
                ReasonSetup("short", "broken", "Broken or spoilt"),
                ReasonSetup("return", "damaged", "Damaged on the way", party="carrier"),
                ReasonSetup("return", "defective", "Defective", party="supplier"),
                ReasonSetup("return", "wrong", "Wrong product sent"),
                ReasonSetup("return", "late", "Came too late", party="carrier"),
                ReasonSetup("return", "unwanted", "Ordered too much", party="customer", controllable=False),
                ReasonSetup("case", "picked_wrong", "Wrong goods picked"),
                ReasonSetup("case", "late_carrier", "Carrier came late", party="carrier"),
                ReasonSetup("case", "supplier_quality", "Quality of the supplier", party="supplier"),
                ReasonSetup("case", "wrong_price", "Price entered wrongly"),
                ReasonSetup("case", "misunderstood", "Misunderstanding at the customer's", party="customer", controllable=False),
                ReasonSetup("cut", "mistake", "Entered by mistake", party="customer", controllable=False),
            ],
        ),
        by=by,
    )  # fmt: skip
