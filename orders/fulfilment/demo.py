"""The practice company's waves: one location has a timetable; one shipment was given up with goods in its cart."""

from __future__ import annotations

from datetime import time
from typing import Any

from inventory.catalog.models import StorageLocation
from oms.accounts.models import User
from oms.events.services import command
from orders.fulfilment.models import Shipment, WaveTime
from orders.fulfilment.services import cancel_shipment

STEP = 91


def fill(by: Any) -> None:
    """Two times a day at the smallest location; of the picked shipments the last is taken back."""
    with command("demo.waves", by=by) as cmd:
        cmd.event("wave.timetable", [("user", by.pk)], {})
        location = StorageLocation.objects.order_by("-code")[0]
        for at in (time(10, 30), time(15)):
            WaveTime.objects.create(location=location, at=at)
    picked = Shipment.objects.filter(status="packed").order_by("-pk").first() or Shipment.objects.filter(status="picking").order_by("-pk").first()
    if picked is not None:
        cancel_shipment(picked.pk, "Customer closed until Monday", by=User.objects.get(username="walid"))
