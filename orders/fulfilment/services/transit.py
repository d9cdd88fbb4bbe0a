"""What becomes of goods on their way: failed, lost, back undelivered, assumed and corrected deliveries; goods that never left."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from inventory.stock.choices import MovementKind
from inventory.stock.locks import Place
from inventory.stock.services import BlockedIn, shelve, take_blocked
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order
from orders.book.services import add, subjects
from orders.fulfilment.choices import ArrivalKind, Proof, ShipmentStatus
from orders.fulfilment.lifecycle import SHIPMENT
from orders.fulfilment.locks import lock_shipment
from orders.fulfilment.models import Arrival, Shipment, ShipmentLine
from orders.fulfilment.services.arrivals import arrive
from orders.planning.models import Allocation
from orders.planning.services import lock_places, replan_order, tell_actual


def locked_shipment(shipment_id: int, by: Any, verb: str) -> tuple[Order, Shipment]:
    """(order, shipment), locked with the order's lines, if `by` may do `verb` to it."""
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first() or 0
    order = lock_order(order_id)
    lock_lines([order_id])
    shipment = lock_shipment(shipment_id)
    authorize(by, verb, shipment)
    return order, shipment


def _say(name: str, order: Order, shipment: Shipment, note: str = "", **data: Any) -> int:
    about = subjects(order.pk, order.customer_id, [("shipment", shipment.pk)])
    return current().event(name, about, {"shipment": shipment.pk, "order": order.pk, **data}, note=note)


def _need(reason: str) -> None:
    if not reason.strip():
        raise Invalid(_("Say what happened."), code="reason_missing")


@use_case("orders.delivery_failed")
def delivery_failed(shipment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Shipment:
    """The carrier could not hand the goods over; they are still with it. Never assumed delivered after that."""
    _need(reason)
    order, shipment = locked_shipment(shipment_id, by, "orders.deliver")
    SHIPMENT.check(shipment.status, ShipmentStatus.DELIVERY_FAILED)
    _say("shipment.delivery_failed", order, shipment, reason)
    Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.DELIVERY_FAILED)
    shipment.status = ShipmentStatus.DELIVERY_FAILED
    return shipment


@use_case("orders.moving")
def moving(shipment_id: int, *, by: Any, at: datetime | None = None) -> Shipment:
    """The carrier has the goods and brings them, at first or after a delivery that failed."""
    order, shipment = locked_shipment(shipment_id, by, "orders.deliver")
    SHIPMENT.check(shipment.status, ShipmentStatus.IN_TRANSIT)
    _say("shipment.in_transit", order, shipment)
    Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.IN_TRANSIT)
    shipment.status = ShipmentStatus.IN_TRANSIT
    return shipment


@use_case("orders.lost")
def lost(shipment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Shipment:
    """What is on its way will not arrive: it counts as undelivered; the reship is a replacement of its own."""
    _need(reason)
    order, shipment = locked_shipment(shipment_id, by, "orders.deliver")
    SHIPMENT.check(shipment.status, ShipmentStatus.LOST)
    lines = list(shipment.lines.filter(posted=True).order_by("pk"))
    event = _say("shipment.undelivered", order, shipment, reason, units=sum(x.in_transit for x in lines), lost=True)
    Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.LOST)
    shipment.status = ShipmentStatus.LOST
    arrive(shipment, [(x, x.in_transit) for x in lines], ArrivalKind.UNDELIVERED, current().at.date(), Proof.CARRIER, event)
    return shipment


@use_case("orders.delivery_return")
def delivery_return(
    shipment_id: int, units: Mapping[int, int] | None = None, *, by: Any, at: datetime | None = None, bin: str | None = None
) -> Shipment:
    """Goods of a failed delivery are back (`units` {shipment line: units}, None: all): undelivered, blocked until looked at.

    They do not reopen room to issue. Raises Conflict `above_transit`, `not_failed`, Invalid `quantity_invalid`.
    """
    order, shipment = locked_shipment(shipment_id, by, "orders.receive_back")
    if shipment.status != ShipmentStatus.DELIVERY_FAILED:
        raise Conflict(_("Its delivery did not fail."), code="not_failed", clears=_("Record the failed delivery, or a return of the customer."))
    lines = {x.pk: x for x in shipment.lines.filter(posted=True).select_related("allocation__balance").order_by("pk")}
    back = {i: x.in_transit for i, x in lines.items() if x.in_transit} if units is None else {i: q for i, q in units.items() if q}
    if not back or set(back) - set(lines) or any(q < 0 for q in back.values()):
        raise Invalid(_("Say how many units of which line are back."), code="quantity_invalid")
    above = [i for i, q in back.items() if q > lines[i].in_transit]
    if above:
        raise Conflict(_("More than is on its way came back."), code="above_transit", lines=above,
                       clears=_("What the customer had already is a return."))  # fmt: skip
    event = _say("shipment.undelivered", order, shipment, units=sum(back.values()))
    arrive(shipment, [(lines[i], q) for i, q in back.items()], ArrivalKind.UNDELIVERED, current().at.date(), Proof.CARRIER, event)
    left = ShipmentLine.objects.filter(shipment=shipment, posted=True).aggregate(n=Sum(F("quantity") - F("delivered") - F("undelivered")))["n"]
    if not left and shipment.status == ShipmentStatus.DELIVERY_FAILED:
        SHIPMENT.check(shipment.status, ShipmentStatus.UNDELIVERED)
        Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.UNDELIVERED)
        shipment.status = ShipmentStatus.UNDELIVERED
    rows = []
    for i, q in sorted(back.items()):
        b = lines[i].allocation.balance
        place = Place(lines[i].product_id, shipment.location_id, b.bin if bin is None else bin, b.lot)
        rows.append(BlockedIn(place, b.expires_on, q, order.pk, lines[i].line_id))
    take_blocked(rows, MovementKind.DELIVERY_RETURN, shipment.number, event)
    return shipment


OVERDUE = """
SELECT s.id FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id JOIN customers_address a ON a.id = o.ship_to_id
LEFT JOIN orders_lane lane ON lane.location_id = s.location_id AND lane.transit_zone = a.transit_zone
WHERE s.status IN ('shipped', 'in_transit') AND s.delivery_date + coalesce(lane.assumed_after_days, 5) <= %s
ORDER BY s.delivery_date, s.id LIMIT 5000
"""


def due_to_assume(today: date) -> list[int]:
    """Shipments on their way that nobody spoke of n days (lane) after their planned day. Failed or lost ones are never among them."""
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, [today])
        return [row[0] for row in cursor.fetchall()]


@use_case("orders.assume_delivered")
def assume_delivered(shipment_id: int, *, by: Any, at: datetime | None = None) -> bool:
    """Nobody said otherwise: delivered on its planned day, flagged as assumed. False when it is not due any more."""
    order, shipment = locked_shipment(shipment_id, by, "orders.assume")
    if shipment.status not in (ShipmentStatus.SHIPPED, ShipmentStatus.IN_TRANSIT):
        return False
    assert shipment.shipped_at is not None
    day = max(shipment.delivery_date, shipment.shipped_at.date())
    event = _say("shipment.delivered", order, shipment, date=day, proof=Proof.ASSUMED.value)
    lines = list(shipment.lines.filter(posted=True).order_by("pk"))
    arrive(shipment, [(x, x.in_transit) for x in lines], ArrivalKind.DELIVERED, day, Proof.ASSUMED, event)
    return True


@use_case("orders.correct_delivery")
def correct_delivery(shipment_id: int, day: date, proof: str, *, by: Any, at: datetime | None = None) -> Shipment:
    """An assumed delivery was on another day, or is proven now: the assumed rows are taken back and dated anew.

    Raises Conflict `not_assumed`, Invalid `proof_missing`, `delivered_before_shipped`.
    """
    order, shipment = locked_shipment(shipment_id, by, "orders.deliver")
    if proof not in (Proof.SIGNATURE, Proof.CARRIER, Proof.CUSTOMER):
        raise Invalid(_("Say what proves the delivery."), code="proof_missing")
    rows = list(Arrival.objects.filter(shipment_line__shipment=shipment, proof=Proof.ASSUMED)
                .values("shipment_line_id", "line_id", "day").annotate(units=Sum("quantity")).filter(units__gt=0).order_by("shipment_line_id"))
    if not rows:
        raise Conflict(_("Its delivery was not assumed."), code="not_assumed")
    assert shipment.shipped_at is not None
    if day < shipment.shipped_at.date():
        raise Invalid(_("It cannot arrive before it left."), code="delivered_before_shipped")
    cmd = current()
    event = _say("shipment.delivered", order, shipment, date=day, proof=proof, corrects=rows[0]["day"])
    Arrival.objects.bulk_create(
        Arrival(shipment_line_id=row["shipment_line_id"], order_id=order.pk, line_id=row["line_id"], kind=ArrivalKind.DELIVERED,
                quantity=sign * row["units"], day=when, proof=how, at=cmd.at, event_id=event)
        for row in rows for sign, when, how in ((-1, row["day"], Proof.ASSUMED), (1, day, proof))
    )  # fmt: skip
    totals: dict[int, int] = {}
    for row in rows:
        totals[row["line_id"]] = totals.get(row["line_id"], 0) + row["units"]
    tell_actual(totals, shipment.shipped_at.date(), day, event)
    Shipment.objects.filter(pk=shipment.pk).update(delivered_date=day, delivery_proof=proof)
    shipment.delivered_date, shipment.delivery_proof = day, proof
    return shipment


@use_case("orders.reverse_shipment")
def reverse_shipment(shipment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Shipment:
    """The goods never left: the only way in which shipped falls. They are on the shelf and free; the order is planned anew.

    Its invoice must be cancelled before: Conflict `invoiced`. Raises Conflict `arrived` when something was delivered.
    """
    _need(reason)
    order, shipment = locked_shipment(shipment_id, by, "orders.reverse_shipment")
    SHIPMENT.check(shipment.status, ShipmentStatus.REVERSED)
    lines = list(shipment.lines.filter(posted=True).select_related("allocation", "line").order_by("pk"))
    if any(x.delivered or x.undelivered for x in lines):
        raise Conflict(_("Some of it has arrived, so it left."), code="arrived", clears=_("Take a return."))
    totals: dict[int, int] = {}
    for x in lines:
        totals[x.line_id] = totals.get(x.line_id, 0) + x.quantity
    invoiced = [x.line_id for x in lines if x.line.quantity_invoiced > x.line.quantity_shipped - totals[x.line_id]]
    if invoiced:
        raise Conflict(_("It is invoiced."), code="invoiced", lines=sorted(set(invoiced)), clears=_("Have its invoice cancelled first."))
    event = _say("shipment.reversed", order, shipment, reason, lines=totals)
    add({"shipped": {i: -q for i, q in totals.items()}})
    ShipmentLine.objects.filter(pk__in=[x.pk for x in lines]).update(posted=False)
    for x in lines:
        Allocation.objects.filter(pk=x.allocation_id).update(shipped=F("shipped") - x.quantity, released=F("released") + x.quantity)
    Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.REVERSED)
    lock_places([order.pk])
    shelve([(x.allocation.balance_id, order.pk, x.line_id, x.quantity) for x in lines], event)
    replan_order(Order.objects.select_related("ship_to").get(pk=order.pk), list(order.lines.order_by("pk")), event, accept_changes=True)
    shipment.status = ShipmentStatus.REVERSED
    return shipment
