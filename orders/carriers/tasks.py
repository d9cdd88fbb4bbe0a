"""The worker speaks with the carriers: books and gives up when asked, and asks where the parcels are."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from oms.jobs.registry import Running, job
from orders.carriers.adapters import NoAnswer, carrier_port
from orders.carriers.models import Carrier
from orders.carriers.selectors import forsaken, to_carry_out, to_follow, to_track
from orders.carriers.services import CARRY_OUT, carry_out, follow, give_up, take_tracking


@job(CARRY_OUT, every=timedelta(minutes=1))
def speak(running: Running) -> dict[str, int]:
    """One consignment after the other; those of shipments that were taken back are given up first."""
    for consignment_id in forsaken():
        give_up(consignment_id, by=running.by)
    found = to_carry_out(timezone.now())
    for n, consignment_id in enumerate(found, 1):
        carry_out(consignment_id, by=running.by)
        running.progress(n, len(found))
    return {"consignments": len(found)}


@job("carriers.track", every=timedelta(minutes=30))
def ask(running: Running) -> dict[str, int]:
    """Where the parcels of carriers are that tell only when asked, or whose webhook went lost; one that does not answer is asked next time.
    What was told and not followed, because a process died in between, is followed."""
    new = silent = 0
    for carrier in Carrier.objects.filter(active=True).order_by("pk"):
        port, numbers = carrier_port(carrier), to_track(carrier)
        if port is None or not port.polled or not numbers:
            continue
        try:
            told = port.track(numbers)
        except NoAnswer:
            silent += 1
            continue
        new += take_tracking(carrier, told, by=running.by)
    for shipment_id in to_follow(timezone.now()):
        follow(shipment_id, by=running.by)
    return {"new": new, "silent": silent}
