"""Release, ship, deliver: hard allocation, goods issue, proof. A constant number of statements, whatever the lines."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from inventory.stock.selectors import allocatable
from inventory.stock.services import allocate, deallocate, issue
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid
from orders.book.locks import lock_lines, lock_order, lock_orders
from orders.book.models import Order, OrderLine
from orders.book.services import add, subjects
from orders.fulfilment.choices import ArrivalKind, ShipmentStatus
from orders.fulfilment.lifecycle import SHIPMENT
from orders.fulfilment.locks import lock_shipment
from orders.fulfilment.models import Shipment, ShipmentLine, Wave
from orders.fulfilment.services.arrivals import arrive
from orders.fulfilment.services.putting_back import InCart, set_aside
from orders.holds.choices import Step
from orders.holds.selectors import refuse_if_held, stopping
from orders.holds.services import gates
from orders.planning.models import Allocation
from orders.planning.selectors import Due, due_lines
from orders.planning.services import harden, lock_places, soften

MAX_ORDERS = 500


@dataclass(frozen=True)
class Pin:
    """`quantity` of a due schedule line out of one balance."""

    due: Due
    balance_id: int
    quantity: int


@use_case("orders.release")
def release(
    order_ids: Collection[int], *, by: Any, at: datetime | None = None, early: bool = False, wave: Wave | None = None
) -> list[int]:
    """Release what is due of the orders to the warehouse: pin stock, make shipments; returns the shipments' ids.

    Due: approved, planned to ship within the location's release window, no hold that stops release. What is not on the
    shelf yet stays planned. `early` also takes what ships after the window. At most 500 orders at once. Orders with nothing due are left alone.
    Of a `wave` only what ships from its location.
    """
    authorize(by, "orders.release")
    if len(order_ids) > MAX_ORDERS:
        raise Invalid(_("Release at most %(n)s orders at once.") % {"n": MAX_ORDERS}, code="too_many")
    orders = {order.pk: order for order in lock_orders(order_ids)}
    lines = {line.pk: line for line in lock_lines(order_ids)}
    held = {*stopping(order_ids, Step.RELEASE), *gates(list(orders.values()))}
    due = [d for d in due_lines(order_ids, current().at, early) if d.order_id not in held and (wave is None or d.location_id == wave.location_id)]
    pins = pin(due, lines)
    if not pins:
        return []
    return _release(orders, pins, wave)


def pin(due: list[Due], lines: Mapping[int, OrderLine]) -> list[Pin]:
    """Choose balances for due schedule lines in rank order: first expiring first, oldest first."""
    shelves: dict[tuple[int, int], list[list[int]]] = {}
    for balance in allocatable({(d.product_id, d.location_id) for d in due}):
        key = (balance.product_id, balance.location_id)
        shelves.setdefault(key, []).append([balance.pk, balance.on_hand - balance.allocated - balance.blocked])
    room = {i: line.quantity_approved - line.quantity_shipped - line.quantity_allocated for i, line in lines.items()}
    pins = []
    for d in due:
        wanted = min(d.quantity, room[d.line_id])
        for shelf in shelves.get((d.product_id, d.location_id), ()):
            taken = min(wanted, shelf[1])
            if taken > 0:
                pins.append(Pin(d, shelf[0], taken))
                shelf[1] -= taken
                wanted -= taken
                room[d.line_id] -= taken
    return pins


def _release(orders: Mapping[int, Order], pins: list[Pin], wave: Wave | None) -> list[int]:
    cmd = current()
    groups: dict[tuple[int, int, date], list[Pin]] = {}
    for p in pins:
        groups.setdefault((p.due.order_id, p.due.location_id, p.due.ship_date), []).append(p)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT ARRAY(SELECT nextval('orders_shipment_id_seq') FROM generate_series(1, %(n)s)), "
            "ARRAY(SELECT nextval('orders_shipment_number') FROM generate_series(1, %(n)s))",
            {"n": len(groups)},
        )
        ids, serials = cursor.fetchone()
    events = {
        key: cmd.event(
            "shipment.released",
            subjects(key[0], orders[key[0]].customer_id, [("shipment", i)]),
            {"shipment": i, "location": key[1], "units": sum(p.quantity for p in group)},
        )
        for i, (key, group) in zip(ids, groups.items(), strict=True)
    }
    first = next(iter(events.values()))
    harden([(p.due, p.quantity) for p in pins])
    allocate([(p.balance_id, p.due.order_id, p.due.line_id, p.quantity) for p in pins], first)
    allocations = Allocation.objects.bulk_create(
        Allocation(order_id=p.due.order_id, line_id=p.due.line_id, balance_id=p.balance_id, quantity=p.quantity,
                   at=cmd.at, event_id=events[(p.due.order_id, p.due.location_id, p.due.ship_date)])
        for p in pins
    )  # fmt: skip
    by_pin = dict(zip(map(id, pins), allocations, strict=True))
    totals: dict[int, int] = {}
    for p in pins:
        totals[p.due.line_id] = totals.get(p.due.line_id, 0) + p.quantity
    add({"allocated": totals})
    shipments = Shipment.objects.bulk_create(
        Shipment(id=i, number=f"SH{serial:07d}", order_id=key[0], location_id=key[1],
                 status=ShipmentStatus.RELEASED, planned_date=key[2],
                 delivery_date=max(p.due.delivery_date for p in group), carrier=group[0].due.carrier,
                 released_at=cmd.at, wave=wave, event_id=events[key])
        for i, serial, (key, group) in zip(ids, serials, groups.items(), strict=True)
    )  # fmt: skip
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, order_id=p.due.order_id, line_id=p.due.line_id, product_id=p.due.product_id,
                     allocation=by_pin[id(p)], quantity=p.quantity)
        for shipment, group in zip(shipments, groups.values(), strict=True) for p in group
    )  # fmt: skip
    return [shipment.pk for shipment in shipments]


@use_case("orders.ship")
def ship(
    shipment_id: int,
    quantities: Mapping[int, int] | None = None,
    *,
    by: Any,
    at: datetime | None = None,
    tracking_number: str = "",
) -> Shipment:
    """Goods issue of a shipment; `quantities` {shipment line: units} ships less, the rest stays in a new shipment.

    Raises Forbidden (other location), Conflict (status, hold, above the shipment), Invalid (nothing to ship).
    """
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first() or 0
    order = lock_order(order_id)
    lock_lines([order_id])
    shipment = lock_shipment(shipment_id)
    authorize(by, "orders.ship", shipment)
    SHIPMENT.check(shipment.status, ShipmentStatus.SHIPPED)
    refuse_if_held(order_id, Step.SHIP)
    lines = list(shipment.lines.select_related("allocation").order_by("pk"))
    shipped = shipped_quantities(lines, quantities)
    rest = {line.pk: line.quantity - shipped[line.pk] for line in lines if line.quantity > shipped[line.pk]}
    if rest:
        split_rest(shipment, lines, rest)
    return post_issue(order, shipment, [line for line in lines if shipped[line.pk]], tracking_number)


def shipped_quantities(lines: list[ShipmentLine], quantities: Mapping[int, int] | None) -> dict[int, int]:
    """How much of every shipment line leaves now; Conflict `above_shipment`, Invalid `nothing_to_ship`."""
    if quantities is None:
        return {line.pk: line.quantity for line in lines}
    shipped = {line.pk: int(quantities.get(line.pk, 0)) for line in lines}
    above = [line.pk for line in lines if not 0 <= shipped[line.pk] <= line.quantity]
    if above or set(quantities) - set(shipped):
        raise Conflict(_("More than this shipment holds."), code="above_shipment", lines=above,
                       clears=_("Ship at most what was released; release more first."))
    if not any(shipped.values()):
        raise Invalid(_("Nothing is left to ship; cancel the shipment instead."), code="nothing_to_ship")
    return shipped


def split_rest(shipment: Shipment, lines: list[ShipmentLine], rest: Mapping[int, int]) -> Shipment:
    """Move what does not leave now to a new released shipment; it stays allocated and keeps its dates."""
    cmd = current()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_shipment_id_seq'), nextval('orders_shipment_number')")
        new_id, serial = cursor.fetchone()
    order = shipment.order
    event = cmd.event(
        "shipment.released",
        subjects(order.pk, order.customer_id, [("shipment", new_id)]),
        {"shipment": new_id, "rest_of": shipment.pk, "units": sum(rest.values())},
    )
    follower = Shipment.objects.create(
        id=new_id, number=f"SH{serial:07d}", order_id=shipment.order_id, location_id=shipment.location_id,
        status=ShipmentStatus.RELEASED, planned_date=shipment.planned_date, delivery_date=shipment.delivery_date,
        carrier=shipment.carrier, released_at=cmd.at, wave_id=shipment.wave_id, event_id=event,
    )  # fmt: skip
    moved = []
    for line in lines:
        left = rest.get(line.pk, 0)
        if left == line.quantity:
            line.shipment = follower
            moved.append(line)
        elif left:
            line.quantity -= left
            ShipmentLine.objects.create(
                shipment=follower, order_id=line.order_id, line_id=line.line_id, product_id=line.product_id,
                allocation_id=line.allocation_id, quantity=left,
            )  # fmt: skip
    ShipmentLine.objects.bulk_update(lines, ["quantity", "shipment"])
    return follower


POSTED = """
WITH t AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)s::bigint[], %(movements)s::bigint[], %(allocations)s::bigint[], %(quantities)s::bigint[])
        AS t(id, movement_id, allocation_id, quantity)
), posted AS (
    UPDATE orders_shipmentline l SET movement_id = t.movement_id, posted = true FROM t WHERE l.id = t.id
), taken AS (
    UPDATE orders_allocation a SET shipped = a.shipped + g.quantity
    FROM (SELECT allocation_id, sum(quantity)::bigint AS quantity FROM t GROUP BY 1) g WHERE a.id = g.allocation_id
)
UPDATE orders_shipment SET status = %(status)s, shipped_at = %(at)s, tracking_number = %(tracking)s WHERE id = %(shipment)s
"""


def post_issue(
    order: Order, shipment: Shipment, lines: list[ShipmentLine], tracking_number: str, source: str | None = None
) -> Shipment:
    """Part: these lines of a locked shipment left; `source` is the sender's id of the fact. A number that its carrier gave it stays."""
    cmd = current()
    tracking_number = tracking_number or shipment.tracking_number
    totals: dict[int, int] = {}
    for line in lines:
        totals[line.line_id] = totals.get(line.line_id, 0) + line.quantity
    event = cmd.event(
        "shipment.shipped",
        subjects(order.pk, order.customer_id, [("shipment", shipment.pk)]),
        {"shipment": shipment.pk, "order": order.pk, "lines": totals},
    )
    add({"allocated": {i: -q for i, q in totals.items()}, "shipped": totals})
    movements = issue(
        [(line.allocation.balance_id, line.order_id, line.line_id, line.quantity) for line in lines], event, source=source
    )
    with connection.cursor() as cursor:
        cursor.execute(
            POSTED,
            {"ids": [x.pk for x in lines], "movements": movements, "allocations": [x.allocation_id for x in lines],
             "quantities": [x.quantity for x in lines], "shipment": shipment.pk, "status": str(ShipmentStatus.SHIPPED),
             "at": cmd.at, "tracking": tracking_number},
        )  # fmt: skip
    shipment.status, shipment.shipped_at, shipment.tracking_number = ShipmentStatus.SHIPPED, cmd.at, tracking_number
    return shipment


@use_case("orders.deliver")
def deliver(
    shipment_id: int, delivered_date: date, proof: str, *, by: Any, at: datetime | None = None
) -> Shipment:
    """Record delivery with its proof ("carrier", "customer", "signature", "assumed"); the promise gets its actual date."""
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first() or 0
    order = lock_order(order_id)
    lock_lines([order_id])
    shipment = lock_shipment(shipment_id)
    authorize(by, "orders.deliver", shipment)
    SHIPMENT.check(shipment.status, ShipmentStatus.DELIVERED)
    assert shipment.shipped_at is not None
    if delivered_date < shipment.shipped_at.date():
        raise Invalid(_("It cannot arrive before it left."), code="delivered_before_shipped")
    event = current().event(
        "shipment.delivered",
        subjects(order.pk, order.customer_id, [("shipment", shipment.pk)]),
        {"shipment": shipment.pk, "order": order.pk, "date": delivered_date, "proof": proof},
    )
    lines = list(shipment.lines.filter(posted=True).order_by("pk"))
    if shipment.status == ShipmentStatus.LOST:  # found again: it was on its way all the time
        arrive(shipment, [(line, -line.undelivered) for line in lines], ArrivalKind.UNDELIVERED, delivered_date, proof, event)
        shipment.status = ShipmentStatus.IN_TRANSIT
    arrive(shipment, [(line, line.in_transit) for line in lines], ArrivalKind.DELIVERED, delivered_date, proof, event)
    return shipment


@use_case("orders.cancel_shipment")
def cancel_shipment(shipment_id: int, reason: str, *, by: Any, at: datetime | None = None) -> Shipment:
    """Take a shipment back before it left: its stock is free again and its lines are planned anew, soft."""
    order_id = Shipment.objects.filter(pk=shipment_id).values_list("order_id", flat=True).first() or 0
    order = lock_order(order_id)
    lock_lines([order_id])
    shipment = lock_shipment(shipment_id)
    authorize(by, "orders.ship", shipment)
    if not reason.strip():
        raise Invalid(_("Say why the shipment is cancelled."), code="reason_missing")
    SHIPMENT.check(shipment.status, ShipmentStatus.CANCELLED)
    event = current().event(
        "shipment.cancelled",
        subjects(order.pk, order.customer_id, [("shipment", shipment.pk)]),
        {"shipment": shipment.pk},
        note=reason,
    )
    take_back([shipment], event)
    return shipment


def take_back(shipments: Collection[Shipment], event_id: int) -> None:
    """Part: cancel unshipped shipments of locked orders; allocations are released and planned softly again.

    What is in the cart stands blocked until it is put back (`fulfilment.put_back`).
    """
    lines = list(
        ShipmentLine.objects.filter(shipment__in=shipments).select_related("allocation", "shipment").order_by("pk")
    )
    if not lines:
        return
    totals: dict[int, int] = {}
    carts = {x.pk: x.in_cart for x in lines}
    for line in lines:
        totals[line.line_id] = totals.get(line.line_id, 0) + line.quantity
    add({"allocated": {i: -q for i, q in totals.items()}})
    lock_places({line.order_id for line in lines})
    deallocate([(x.allocation.balance_id, x.order_id, x.line_id, x.quantity - carts[x.pk]) for x in lines if x.quantity > carts[x.pk]], event_id)
    set_aside([InCart(x.shipment_id, x.order_id, x.line_id, x.allocation.balance_id, carts[x.pk]) for x in lines if carts[x.pk]], event_id)
    for line in lines:
        Allocation.objects.filter(pk=line.allocation_id).update(
            released=F("released") + line.quantity, picked=F("picked") - carts[line.pk]
        )
    Shipment.objects.filter(pk__in=[s.pk for s in shipments]).update(status=ShipmentStatus.CANCELLED)
    soften(lines)


FREE = """
SELECT sl.id, sl.line_id, sl.quantity, a.id, a.balance_id, least(sl.quantity, greatest(a.picked - a.shipped, 0)), s.id
FROM orders_shipmentline sl JOIN orders_shipment s ON s.id = sl.shipment_id JOIN orders_allocation a ON a.id = sl.allocation_id
WHERE sl.order_id = %s AND sl.line_id = ANY(%s) AND NOT sl.posted AND s.status IN ('released', 'picking', 'picked', 'packed')
ORDER BY sl.line_id, s.planned_date DESC, sl.id DESC
"""


def free_units(order_id: int, units: Mapping[int, int], event_id: int, *, picked: bool = False) -> dict[int, int]:
    """Part: take {line: units} of a locked order off shipments that did not leave, latest ship day first; what was taken.

    Unpicked goods are free again on every day; picked ones only with `picked`, and stand blocked until they are put back.
    A shipment left empty is cancelled. The caller has locked the shipments, and plans the order anew.
    """
    with connection.cursor() as cursor:
        cursor.execute(FREE, [order_id, list(units)])
        rows = cursor.fetchall()
    left = dict(units)
    taken: dict[int, int] = {}
    freed: list[tuple[int, int, int, int, int, int]] = []  # shipment line, line, allocation, balance, free, to put back
    carts: list[InCart] = []
    for shipment_line, line, quantity, allocation, balance, in_cart, shipment in rows:
        free = min(left[line], quantity - in_cart)
        back = min(left[line] - free, in_cart) if picked else 0
        if free + back:
            freed.append((shipment_line, line, allocation, balance, free, back))
            left[line] -= free + back
            taken[line] = taken.get(line, 0) + free + back
        if back:
            carts.append(InCart(shipment, order_id, line, balance, back))
    if not taken:
        return {}
    add({"allocated": {i: -q for i, q in taken.items()}})
    shrink({row[0]: row[4] + row[5] for row in freed}, {row[6] for row in rows})
    for _sl, _line, allocation, _balance, free, back in freed:
        Allocation.objects.filter(pk=allocation).update(released=F("released") + free + back, picked=F("picked") - back)
    deallocate([(balance, order_id, line, free) for _sl, line, _a, balance, free, _p in freed if free], event_id)
    set_aside(carts, event_id)
    return taken


def shrink(units: Mapping[int, int], shipment_ids: Collection[int]) -> None:
    """Part: take {shipment line: units} off; a shipment left empty is cancelled and keeps its lines to show what it was."""
    lines = list(ShipmentLine.objects.filter(shipment_id__in=shipment_ids, posted=False))
    left = {s: sum(x.quantity - units.get(x.pk, 0) for x in lines if x.shipment_id == s) for s in shipment_ids}
    Shipment.objects.filter(pk__in=[s for s, rest in left.items() if not rest]).update(status=ShipmentStatus.CANCELLED)
    for line in lines:
        rest = line.quantity - units.get(line.pk, 0)
        if left[line.shipment_id] and rest < line.quantity:
            line.quantity = rest
            line.save(update_fields=["quantity"]) if rest else line.delete()
