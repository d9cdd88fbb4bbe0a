"""Shipments of another system: what left a place and what became of it, without touching what lies there now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.stock.locks import Place, lock_cells_of_products
from inventory.stock.selectors import balances_at
from inventory.stock.services import Left, passed_through
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict
from orders.book.locks import lock_lines, lock_order
from orders.book.models import OrderLine
from orders.book.services import subjects
from orders.fulfilment.choices import ArrivalKind, ShipmentStatus
from orders.fulfilment.lifecycle import SHIPMENT
from orders.fulfilment.locks import lock_shipment
from orders.fulfilment.models import Shipment
from orders.fulfilment.services.arrivals import arrive
from orders.fulfilment.services.facts import ship_posted
from orders.planning.services import replan_order


@use_case("orders.left_elsewhere")
def left_elsewhere(order_id: int, location_id: int, units: Mapping[int, int], *, by: Any, by_file: bool = False, at: datetime | None = None) -> int:
    """{line: units} of an order left a location at `at`, in another system; returns the shipment.

    Its stock was there then and is not asked now. `by_file` as in `ship_posted`. Raises Conflict `above_approved`.
    """
    authorize(by, "orders.enter_history")
    order = lock_order(order_id)
    lines = {line.pk: line for line in lock_lines([order_id])}
    for line_id, quantity in units.items():
        line = lines[line_id]
        if quantity > line.quantity_approved - line.quantity_shipped - line.quantity_allocated:
            raise Conflict(_("More than approved would be shipped."), code="above_approved", line=line.position)
    lock_cells_of_products({line.product_id for line in lines.values() if line.product_id})
    left = [Left(Place(lines[i].product_id or 0, location_id, "", ""), q, order_id, i) for i, q in sorted(units.items())]
    movements = passed_through(location_id, left, order.number)
    balances = balances_at({tuple(row.place) for row in left})  # type: ignore[misc]
    rows: list[tuple[OrderLine, int, int, int]] = [
        (lines[row.line_id or 0], balances[tuple(row.place)].pk, row.quantity, movement)  # type: ignore[index]
        for row, movement in zip(left, movements, strict=True)
    ]
    shipment = ship_posted(order, location_id, rows, by_file=by_file)
    event = current().event("plan.softened", subjects(order_id, order.customer_id), {"orders": [order_id], "cause": "history"})
    replan_order(order, list(order.lines.order_by("pk")), event, accept_changes=True)
    return shipment


@use_case("orders.arrived_elsewhere")
def arrived_elsewhere(
    shipment_id: int, delivered: Mapping[int, int], undelivered: Mapping[int, int], day: date, proof: str, *, by: Any, at: datetime | None = None
) -> Shipment:  # fmt: skip
    """{order line: units} of a shipment of another system arrived on a day, or will not: undelivered."""
    authorize(by, "orders.enter_history")
    order_id = Shipment.objects.values_list("order_id", flat=True).get(pk=shipment_id)
    order = lock_order(order_id)
    lock_lines([order_id])
    shipment = lock_shipment(shipment_id)
    lines = {x.line_id: x for x in shipment.lines.filter(posted=True).order_by("pk")}
    about = subjects(order.pk, order.customer_id, [("shipment", shipment.pk)])
    facts = {"shipment": shipment.pk, "order": order.pk, "date": day, "proof": proof}
    for name, kind, units in (("shipment.undelivered", ArrivalKind.UNDELIVERED, undelivered), ("shipment.delivered", ArrivalKind.DELIVERED, delivered)):
        if units:
            event = current().event(name, about, {**facts, "units": sum(units.values())})
            arrive(shipment, [(lines[i], q) for i, q in sorted(units.items())], kind, day, proof, event)
    gone = all(not x.in_transit and not x.delivered for x in shipment.lines.filter(posted=True))
    if gone and shipment.status == ShipmentStatus.SHIPPED:
        SHIPMENT.check(shipment.status, ShipmentStatus.LOST)
        Shipment.objects.filter(pk=shipment.pk).update(status=ShipmentStatus.LOST)
        shipment.status = ShipmentStatus.LOST
    return shipment
