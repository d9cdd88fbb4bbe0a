"""The practice company's products and warehouses."""

from __future__ import annotations

from datetime import time
from decimal import Decimal
from typing import Any

from inventory.catalog.models import LocationStaff
from inventory.catalog.services import (
    LocationRow,
    ProductRow,
    SubstituteRow,
    create_location,
    set_substitutes,
    upsert_products,
)
from oms.accounts.models import User
from oms.company.models import Calendar

STEP = 40
LOCATIONS = [("LYO", "Lyon", "FR", "Europe/Paris", "FR", 1, time(15)), ("DUI", "Duisburg", "DE", "Europe/Berlin", "DE", 1, time(14)),
             ("TOR", "Torino", "IT", "Europe/Rome", "IT", 2, time(12))]  # fmt: skip
FAMILIES = {
    "Hammers": [("Claw hammer 450 g", 14), ("Ball hammer 300 g", 12), ("Sledge hammer 3 kg", 31), ("Rubber mallet", 9)],
    "Spanners": [("Adjustable spanner 250 mm", 18), ("Ring spanner set 12 pcs", 54), ("Torque wrench 40-200 Nm", 96), ("Pipe wrench 14 in", 27)],
    "Screwdrivers": [("Screwdriver PH2", 5), ("Screwdriver set 6 pcs", 22), ("Insulated screwdriver 1000 V", 9), ("Bit set 32 pcs", 19)],
    "Power tools": [("Cordless drill 18 V", 149), ("Angle grinder 125 mm", 79), ("Jigsaw 650 W", 88), ("Random orbital sander", 94), ("Battery 18 V 5 Ah", 69)],
    "Fasteners": [("Wood screw 4x40, box of 200", 7), ("Hex bolt M8x60, box of 50", 11), ("Wall plug 8 mm, box of 100", 5), ("Lock nut M8, box of 100", 6), ("Washer M8, box of 200", 4)],
    "Safety": [("Safety glasses clear", 6), ("Work gloves size 10", 4), ("Ear defenders", 15), ("Helmet white", 13), ("Safety shoes 43", 68)],
    "Measuring": [("Tape measure 5 m", 8), ("Spirit level 60 cm", 24), ("Laser distance meter 50 m", 89), ("Caliper 150 mm", 26)],
    "Sealants": [("Silicone clear 310 ml", 5), ("Assembly foam 750 ml", 7), ("Acrylic sealant white", 3), ("Construction adhesive", 6)],
}  # fmt: skip


# What does for what: of the second so many for so many of the first.
INSTEAD = [("HAM-101", "HAM-102", 1, 1), ("HAM-101", "HAM-104", 1, 1), ("HAM-102", "HAM-101", 1, 1), ("SCR-103", "SCR-101", 2, 1), ("SPA-101", "SPA-104", 1, 1),
           ("POW-101", "POW-102", 1, 1), ("SAF-102", "SAF-101", 1, 1), ("SEA-101", "SEA-103", 1, 1), ("MEA-103", "MEA-101", 3, 1)]  # fmt: skip


def fill(by: Any) -> None:
    """Thirty-six products in eight families with some substitutes, three warehouses."""
    calendars = {c.code: c.pk for c in Calendar.objects.all()}
    staff = User.objects.get(username="walid")
    for code, name, country, zone, calendar, lead, cut_off in LOCATIONS:
        location = create_location(
            LocationRow(code, name, calendars[calendar], country, timezone=zone, lead_time_days=lead, cut_off=cut_off,
                        release_window_days=2, adjustment_limit=Decimal(250)),
            by=by,
        )  # fmt: skip
        LocationStaff.objects.create(user=staff, location_id=location)
    upsert_products(list(products()), by=by)
    set_substitutes([SubstituteRow(sku, instead, num, den, rank) for rank, (sku, instead, num, den) in enumerate(INSTEAD, 1)], by=by)


def products() -> Any:
    """Rows with SKUs like HAM-101; cost 55 % of the list price."""
    for family, items in FAMILIES.items():
        for n, (name, price) in enumerate(items):
            yield ProductRow(
                sku=f"{family[:3].upper()}-{101 + n}", name=name, family=family, standard_cost=Decimal(price) * Decimal("0.55"),
                reorder_level=40, weight_g=price * 40, units=(("case", 12, 1),),
            )  # fmt: skip


def list_prices() -> dict[str, Decimal]:
    """SKU → base price."""
    return {f"{family[:3].upper()}-{101 + n}": Decimal(price) for family, items in FAMILIES.items() for n, (_name, price) in enumerate(items)}
