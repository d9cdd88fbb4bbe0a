"""The warehouse's steps before goods leave: pick, pick short, pack. What is not found is blocked, counted and planned anew."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import F, Q
from django.utils.translation import gettext as _

from inventory.catalog.models import Product
from inventory.stock.services import put_back
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order
from orders.book.services import add, subjects
from orders.fulfilment.choices import ShipmentStatus
from orders.fulfilment.lifecycle import SHIPMENT
from orders.fulfilment.locks import lock_shipment
from orders.fulfilment.models import Shipment, ShipmentLine
from orders.fulfilment.services.shipping import shrink
from orders.planning.models import Allocation
from orders.planning.services import lock_places, replan_order


def locked_work(shipment_id: int, by: Any) -> tuple[Order, Shipment]:
    """(order, shipment), locked with the order's lines; Forbidden for staff of another location."""
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first() or 0
    order = lock_order(order_id)
    lock_lines([order_id])
    shipment = lock_shipment(shipment_id)
    authorize(by, "orders.ship", shipment)
    return order, shipment


def _step(shipment: Shipment, target: ShipmentStatus) -> None:
    SHIPMENT.check(shipment.status, target)
    Shipment.objects.filter(pk=shipment.pk).update(status=target)
    shipment.status = target


def to_pick(shipment: Shipment) -> list[ShipmentLine]:
    """Lines with units still on the shelf, in the order one walks: bin, product, lot."""
    lines = shipment.lines.filter(posted=False).select_related("product", "allocation__balance")
    rows = [line for line in lines if line.in_cart < line.quantity]
    return sorted(rows, key=lambda x: (x.allocation.balance.bin, x.product.sku, x.allocation.balance.lot, x.pk))


@use_case("orders.pick")
def pick(shipment_id: int, code: str, quantity: int, *, by: Any, at: datetime | None = None, line_id: int | None = None) -> Shipment:
    """`quantity` units were taken off the shelf; `code` is what the scanner read (SKU or GTIN). All picked: it is picked.

    `line_id` (a shipment line) says which place, else the first that fits. Raises Invalid `wrong_product` when nothing of the
    shipment has this code, Conflict `above_shipment` beyond what is to pick there, `illegal_transition`.
    """
    order, shipment = locked_work(shipment_id, by)
    if shipment.status == ShipmentStatus.RELEASED:
        _step(shipment, ShipmentStatus.PICKING)
    if shipment.status != ShipmentStatus.PICKING:
        SHIPMENT.check(shipment.status, ShipmentStatus.PICKING)
    known = set(Product.objects.filter(Q(sku__iexact=code) | Q(gtin=code) & ~Q(gtin="")).values_list("pk", flat=True))
    fitting = [x for x in to_pick(shipment) if x.product_id in known]
    if not fitting or line_id is not None and line_id not in {x.pk for x in fitting}:
        raise Invalid(_("%(code)s is not what is to be picked here.") % {"code": code[:40]}, code="wrong_product",
                      clears=_("Put it back and take what the page shows."))  # fmt: skip
    line = next((x for x in fitting if x.pk == line_id), fitting[0])
    left = line.quantity - line.in_cart
    if not 0 < quantity <= left:
        raise Conflict(_("%(left)s units are to be picked here.") % {"left": left}, code="above_shipment", available=left)
    Allocation.objects.filter(pk=line.allocation_id).update(picked=F("picked") + quantity)
    if not to_pick(shipment):
        _step(shipment, ShipmentStatus.PICKED)
        current().event("shipment.picked", subjects(order.pk, order.customer_id, [("shipment", shipment.pk)]), {"shipment": shipment.pk})
    return shipment


@use_case("orders.pick_short")
def pick_short(shipment_id: int, line_id: int, missing: int, reason: str, *, by: Any, at: datetime | None = None) -> Shipment:
    """`missing` units of a shipment line are not there or no good: they stand blocked in their place, the order is planned anew.

    A shipment left empty is cancelled; one with nothing more to pick is picked. Raises Invalid `reason_missing`, Conflict
    `above_shipment`.
    """
    if not reason.strip():
        raise Invalid(_("Say what is wrong with the goods."), code="reason_missing")
    order, shipment = locked_work(shipment_id, by)
    if shipment.status not in (ShipmentStatus.RELEASED, ShipmentStatus.PICKING):
        SHIPMENT.check(shipment.status, ShipmentStatus.PICKING)
    line = next((x for x in to_pick(shipment) if x.pk == line_id), None)
    left = line.quantity - line.in_cart if line else 0
    if line is None or not 0 < missing <= left:
        raise Conflict(_("%(left)s units are to be picked here.") % {"left": left}, code="above_shipment", available=left)
    event = current().event(
        "shipment.picked_short", subjects(order.pk, order.customer_id, [("shipment", shipment.pk), ("product", line.product_id)]),
        {"shipment": shipment.pk, "line": line.line_id, "units": missing, "reason": reason.strip()[:30]},
    )  # fmt: skip
    add({"allocated": {line.line_id: -missing}})
    shrink({line.pk: missing}, [shipment.pk])
    Allocation.objects.filter(pk=line.allocation_id).update(released=F("released") + missing)
    lock_places([order.pk])
    put_back([(line.allocation.balance_id, order.pk, line.line_id, missing)], f"short:{reason.strip()}", event)
    replan_order(Order.objects.select_related("ship_to").get(pk=order.pk), list(order.lines.order_by("pk")), event, accept_changes=True)
    shipment = Shipment.objects.get(pk=shipment.pk)
    if shipment.status == ShipmentStatus.RELEASED:
        _step(shipment, ShipmentStatus.PICKING)
    if shipment.status == ShipmentStatus.PICKING and not to_pick(shipment):
        _step(shipment, ShipmentStatus.PICKED)
    return shipment


@use_case("orders.pack")
def pack(shipment_id: int, *, by: Any, at: datetime | None = None) -> Shipment:
    """Everything picked lies in its parcel. Raises Conflict `illegal_transition`."""
    order, shipment = locked_work(shipment_id, by)
    _step(shipment, ShipmentStatus.PACKED)
    current().event("shipment.packed", subjects(order.pk, order.customer_id, [("shipment", shipment.pk)]), {"shipment": shipment.pk})
    return shipment
