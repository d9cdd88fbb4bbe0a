"""What carriers tell of parcels: kept once, and what it means for the shipment drawn from all of it, in whatever order it came."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.company.selectors import company_zone
from oms.events.services import current, use_case
from orders.book.locks import lock_lines, lock_order
from orders.carriers.adapters import Told
from orders.carriers.choices import TrackingKind
from orders.carriers.models import Carrier, TrackingEvent
from orders.fulfilment.choices import Proof, ShipmentStatus
from orders.fulfilment.locks import lock_shipment
from orders.fulfilment.models import Arrival, Shipment
from orders.fulfilment.services import correct_delivery, deliver, delivery_failed, lost, moving

KEEP = """
INSERT INTO orders_trackingevent (carrier_id, key, tracking_number, shipment_id, kind, at, place, text)
SELECT %(carrier)s, t.key, t.number,
       (SELECT s.id FROM orders_shipment s WHERE s.tracking_number = t.number AND s.status <> 'cancelled' ORDER BY s.id DESC LIMIT 1),
       t.kind, t.at, t.place, t.said
FROM unnest(%(keys)s::text[], %(numbers)s::text[], %(kinds)s::text[], %(ats)s::timestamptz[], %(places)s::text[], %(texts)s::text[])
    AS t(key, number, kind, at, place, said)
ON CONFLICT (carrier_id, key) DO NOTHING RETURNING shipment_id
"""
# Told before the shipment had the number: it is the shipment's now.
FOUND = "UPDATE orders_trackingevent SET shipment_id = %s WHERE shipment_id IS NULL AND tracking_number = %s"

ON_THE_WAY = (ShipmentStatus.SHIPPED, ShipmentStatus.IN_TRANSIT, ShipmentStatus.DELIVERY_FAILED)
UNDER_WAY = (TrackingKind.ACCEPTED, TrackingKind.MOVING, TrackingKind.OUT, TrackingKind.BACK)


@use_case("carriers.track")
def keep_tracking(carrier_id: int, told: Sequence[Told], *, by: Any, at: datetime | None = None) -> tuple[int, list[int]]:
    """Keep what is new of what a carrier told: (how many, the shipments they are of). One statement, however many there are."""
    authorize(by, "carriers.track")
    current().event("tracking.told", [("user", by.pk)], {"carrier": carrier_id, "events": len(told)})
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {
            "carrier": carrier_id, "keys": [t.key for t in told], "numbers": [t.tracking_number for t in told], "kinds": [t.kind for t in told],
            "ats": [t.at for t in told], "places": [t.place for t in told], "texts": [t.text for t in told],
        })  # fmt: skip
        kept = [row[0] for row in cursor.fetchall()]
    return len(kept), sorted({shipment for shipment in kept if shipment is not None})


def take_tracking(carrier: Carrier, told: Sequence[Told], *, by: Any) -> int:
    """Keep what a carrier told and follow it, shipment by shipment; how much of it was new. Told again it changes nothing."""
    unique = list({t.key: t for t in told}.values())
    if not unique:
        return 0
    kept, shipments = keep_tracking(carrier.pk, unique, by=by)
    for shipment_id in shipments:
        follow(shipment_id, by=by)
    return kept


@use_case("carriers.follow")
def follow(shipment_id: int, *, by: Any, at: datetime | None = None) -> str:
    """Draw from all that is told of a shipment what it means: delivered, failed, lost, on its way. Returns its status.

    A delivery stands whatever is told of an earlier hour; of the rest the latest counts. A shipment that has not left here
    waits: it is followed when it does. An assumed delivery is corrected by what the carrier says.
    """
    authorize(by, "carriers.track")
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first() or 0
    lock_order(order_id)
    lock_lines([order_id])
    lock_shipment(shipment_id)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tracking_number FROM orders_shipment WHERE id = %s AND tracking_number <> ''", [shipment_id])
        number = cursor.fetchone()
        if number:
            cursor.execute(FOUND, [shipment_id, number[0]])
    shipment = Shipment.objects.select_related("location").get(pk=shipment_id)
    events = list(TrackingEvent.objects.filter(shipment_id=shipment_id).order_by("at", "pk"))
    if not events or shipment.shipped_at is None:
        return str(shipment.status)
    latest = events[-1]
    arrived = next((e for e in reversed(events) if e.kind == TrackingKind.DELIVERED), None)
    if arrived:
        return _arrived(shipment, arrived, by)
    if latest.kind == TrackingKind.FAILED and shipment.status in (ShipmentStatus.SHIPPED, ShipmentStatus.IN_TRANSIT):
        return str(delivery_failed(shipment_id, said(latest), by=by).status)
    if latest.kind == TrackingKind.LOST and shipment.status in ON_THE_WAY:
        return str(lost(shipment_id, said(latest), by=by).status)
    taken = shipment.status == ShipmentStatus.SHIPPED and any(e.kind in UNDER_WAY for e in events)
    if taken or latest.kind in UNDER_WAY and shipment.status == ShipmentStatus.DELIVERY_FAILED:
        return str(moving(shipment_id, by=by).status)
    return str(shipment.status)


def _arrived(shipment: Shipment, told: TrackingEvent, by: Any) -> str:
    """It is delivered: on the carrier's day, never before the day it left here."""
    assert shipment.shipped_at is not None
    day = max(told.at.astimezone(company_zone()).date(), shipment.shipped_at.date())
    if shipment.status in (*ON_THE_WAY, ShipmentStatus.LOST):
        return str(deliver(shipment.pk, day, Proof.CARRIER, by=by).status)
    if shipment.delivery_proof == Proof.ASSUMED and Arrival.objects.filter(shipment_line__shipment=shipment, proof=Proof.ASSUMED).exists():
        return str(correct_delivery(shipment.pk, day, Proof.CARRIER, by=by).status)
    return str(shipment.status)


def said(event: TrackingEvent) -> str:
    """What a carrier told, as the reason of what follows from it."""
    return event.text or _("The carrier says: %(kind)s.") % {"kind": event.get_kind_display()}
