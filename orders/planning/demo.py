"""The practice company's lanes."""

from __future__ import annotations

from typing import Any

from inventory.catalog.models import StorageLocation
from oms.company.models import Calendar
from oms.events.services import command
from orders.planning.models import Lane

STEP = 48
DAYS = {("LYO", "FR"): 1, ("LYO", "DE"): 3, ("LYO", "IT"): 2, ("DUI", "DE"): 1, ("DUI", "FR"): 2, ("DUI", "IT"): 4,
        ("TOR", "IT"): 1, ("TOR", "FR"): 2, ("TOR", "DE"): 3}  # fmt: skip


def fill(by: Any) -> None:
    """Every warehouse reaches every country; near is quick and cheap."""
    carrier = Calendar.objects.get(code="CARRIER")
    locations = {location.code: location for location in StorageLocation.objects.all()}
    with command("demo.lanes", by=by) as cmd:
        cmd.event("lanes.imported", [("user", by.pk)], {"lanes": len(DAYS)})
        Lane.objects.bulk_create(
            Lane(location=locations[code], transit_zone=zone, transit_days=days, carrier="Express" if days == 1 else "Road",
                 carrier_calendar=carrier, unit_cost=4 * days, shipment_cost=450 * days)
            for (code, zone), days in DAYS.items()
        )  # fmt: skip
