"""What became of goods that left: the one part that posts arrivals, on shipment lines, order lines and promises alike."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from oms.events.services import current
from orders.book.services import add
from orders.fulfilment.choices import ArrivalKind, ShipmentStatus
from orders.fulfilment.lifecycle import SHIPMENT
from orders.fulfilment.models import Arrival, Shipment, ShipmentLine
from orders.planning.services import tell_actual


def arrive(
    shipment: Shipment, units: Sequence[tuple[ShipmentLine, int]], kind: ArrivalKind, day: date, proof: str, event_id: int
) -> None:
    """Part: `units` of the posted lines of a locked shipment are delivered or undelivered, on `day` by `proof`.

    When nothing of it is on its way any more and something arrived, it is delivered on that day. Order and lines are
    locked before; the CHECKs refuse more than what is in transit (Conflict `above_shipped`).
    """
    units = [(line, quantity) for line, quantity in units if quantity]
    totals: dict[int, int] = {}
    for line, quantity in units:
        totals[line.line_id] = totals.get(line.line_id, 0) + quantity
        setattr(line, kind, getattr(line, kind) + quantity)
    add({kind.value: totals})
    at = current().at
    Arrival.objects.bulk_create(
        Arrival(shipment_line=line, order_id=line.order_id, line_id=line.line_id, kind=kind, quantity=quantity, day=day,
                proof=proof, at=at, event_id=event_id)
        for line, quantity in units
    )  # fmt: skip
    ShipmentLine.objects.bulk_update([line for line, _quantity in units], [kind.value])
    if kind == ArrivalKind.DELIVERED and totals:
        assert shipment.shipped_at is not None
        tell_actual(totals, shipment.shipped_at.date(), day, event_id)
    _close(shipment, day, proof)


def _close(shipment: Shipment, day: date, proof: str) -> None:
    """Part: a shipment of which nothing is on its way any more is delivered, if anything of it arrived."""
    if shipment.status in (ShipmentStatus.DELIVERED, ShipmentStatus.LOST, ShipmentStatus.UNDELIVERED):
        return
    lines = list(ShipmentLine.objects.filter(shipment_id=shipment.pk, posted=True))
    if any(line.in_transit for line in lines) or not any(line.delivered for line in lines):
        return
    SHIPMENT.check(shipment.status, ShipmentStatus.DELIVERED)
    shipment.status, shipment.delivered_date, shipment.delivery_proof = ShipmentStatus.DELIVERED, day, proof
    Shipment.objects.filter(pk=shipment.pk).update(status=shipment.status, delivered_date=day, delivery_proof=proof)
