"""`post_fact`: a physical fact is never refused, and no CHECK is relaxed (PRODUCT.md section 4, ARCHITECTURE.md rule 5).

What is covered posts to its order line; the excess is a discrepancy. Where a fact would leave less than orders hold, their
allocations are released in the same transaction, the lowest rank first, unpicked before picked, and placed anew.
Locks: orders, lines, shipments, then availability, then balances, each sorted; who holds stock is read before and again after.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import F
from django.utils.translation import gettext as _

from inventory.stock.exceptions import BelowAllocated
from inventory.stock.locks import Place, lock_balances, lock_cells_of_products
from inventory.stock.selectors import balances_at, lot_balances, sources_posted
from inventory.stock.services import (
    BlockedOut,
    Change,
    Counted,
    Left,
    Moved,
    adjust,
    block,
    count,
    deallocate,
    give_up_blocked,
    leave,
    transfer,
)
from oms.accounts.policies import authorize
from oms.events.services import current, presently, use_case
from oms.kernel.errors import Invalid, Unavailable
from orders.book.choices import SHIPPED_KINDS, OrderStatus
from orders.book.locks import lock_lines, lock_orders
from orders.book.models import Order, OrderLine
from orders.book.services import add, subjects
from orders.fulfilment.choices import DiscrepancyKind, ShipmentStatus
from orders.fulfilment.locks import lock_work
from orders.fulfilment.models import Discrepancy, Shipment, ShipmentLine
from orders.fulfilment.selectors import AT_WORK
from orders.fulfilment.services.discrepancies import Uncovered, record_discrepancies
from orders.fulfilment.services.shipping import post_issue, shrink, split_rest
from orders.planning.models import Allocation
from orders.planning.selectors.rules import by_rank
from orders.planning.services import replan_order

TRIES = 5


@dataclass(frozen=True)
class Adjusted:
    """On hand of places changes by deltas, for a reason."""

    location_id: int
    rows: Sequence[Change]
    reason: str
    proposed_by_id: int | None = None


@dataclass(frozen=True)
class WasCounted:
    """What was counted, `as_of` (default: the command's time)."""

    location_id: int
    rows: Sequence[Counted]
    as_of: datetime | None = None


@dataclass(frozen=True)
class LotBlocked:
    """Everything of a lot is blocked."""

    location_id: int
    product_id: int
    lot: str
    reason: str


@dataclass(frozen=True)
class Transferred:
    """Units left for another location or came from one; `reference` is the transfer's number."""

    location_id: int
    rows: Sequence[Moved]
    reference: str


class Gone(NamedTuple):
    """`quantity` base units of a product left a place."""

    product_id: int
    quantity: int
    bin: str = ""
    lot: str = ""


@dataclass(frozen=True)
class HasShipped:
    """Goods left a location, by what the sender calls a shipment or an order of ours ("" when it named none)."""

    location_id: int
    rows: Sequence[Gone]
    shipment: str = ""
    order: str = ""
    tracking_number: str = ""


Fact = Adjusted | WasCounted | Transferred | LotBlocked | HasShipped


@dataclass
class Posted:
    """What a fact did: movements, {order: units} whose allocations were released, discrepancies, the shipments that left."""

    movements: list[int] = field(default_factory=list)
    released: dict[int, int] = field(default_factory=dict)
    discrepancies: list[Discrepancy] = field(default_factory=list)
    shipments: list[int] = field(default_factory=list)
    known: bool = False


class _Moved(Exception):
    """Somebody allocated here while the orders were being locked."""


class _AtLocation(NamedTuple):
    location_id: int
    location: str = ""


def post_fact(fact: Fact, *, by: Any, at: datetime | None = None, source: str | None = None) -> Posted:
    """Post a physical fact, whatever orders hold; the same `source` again changes nothing.

    Raises Forbidden (other location), NotFound (product, location), Invalid (no quantity, no reason).
    """
    for _n in range(TRIES):
        try:
            return _post_fact(fact, by=by, at=at, source=source)
        except _Moved:
            continue
    raise Unavailable(_("Too much is going on in this place."), code="busy", retry_after=1, clears=_("Try again in a moment."))


@use_case("fulfilment.post_fact")
def _post_fact(fact: Fact, *, by: Any, at: datetime | None = None, source: str | None = None) -> Posted:
    places = places_of(fact)
    shipment, order_id = named(fact)
    ship_lines = list(ShipmentLine.objects.filter(shipment_id=shipment.pk, posted=False).select_related("allocation")) if shipment else []
    balances = {b.pk for b in balances_at({tuple(p) for p in places}).values()}  # type: ignore[misc]
    held = holders(balances)
    order_ids = held | ({order_id} if order_id else set())
    orders = {order.pk: order for order in lock_orders(order_ids)}
    lines = lock_lines(order_ids)
    work = {s.pk: s for s in lock_work(order_ids, shipment.pk if shipment else 0)}
    lock_cells_of_products({p.product_id for p in places} | {x.product_id for x in lines if x.product_id})
    touched = lock_balances(places, {x.allocation.balance_id for x in ship_lines})
    if not holders(touched) - ({order_id} if order_id else set()) <= held:
        raise _Moved
    done = Posted()
    if source and sources_posted([source]):
        done.known = True
        return done
    if isinstance(fact, HasShipped):
        authorize(by, "orders.ship", _AtLocation(fact.location_id))
        _shipped(fact, work.get(shipment.pk) if shipment else None, orders.get(order_id), lines, source, done)
    else:
        done.movements = making_room(stock_fact(fact, by, at, source), done)
    with presently():
        _plan_anew(done)
    return done


def _plan_anew(done: Posted) -> None:
    """Part: plan the orders that lost stock, or shipped, by rank."""
    for order in by_rank(Order.objects.filter(pk__in=done.released, status=OrderStatus.APPROVED).select_related("ship_to")):
        event = current().event("plan.softened", subjects(order.pk, order.customer_id), {"orders": [order.pk], "cause": "fact"})
        replan_order(order, list(order.lines.order_by("pk")), event, accept_changes=True)


def places_of(fact: Fact) -> list[Place]:
    """Where the fact takes place."""
    if isinstance(fact, LotBlocked):
        return [Place(b.product_id, b.location_id, b.bin, b.lot) for b in lot_balances(fact.product_id, fact.location_id, fact.lot)]
    if not fact.rows:
        raise Invalid(_("A fact names something."), code="quantity_invalid")
    return [Place(row.product_id, fact.location_id, row.bin, row.lot) for row in fact.rows]


def named(fact: Fact) -> tuple[Shipment | None, int]:
    """(shipment, order id) that a fact names, as far as they are ours and of its location."""
    if not isinstance(fact, HasShipped):
        return None, 0
    if any(row.quantity <= 0 for row in fact.rows):
        raise Invalid(_("Shipped quantities are above zero."), code="quantity_invalid")
    shipment = Shipment.objects.filter(number=fact.shipment, location_id=fact.location_id).first() if fact.shipment else None
    if shipment:
        return shipment, shipment.order_id
    order = Order.objects.filter(number=fact.order).values_list("pk", flat=True).first() if fact.order else None
    return None, order or 0


def holders(balance_ids: Collection[int]) -> set[int]:
    """The orders that hold stock of the balances."""
    live = Allocation.objects.filter(balance_id__in=balance_ids, quantity__gt=F("shipped") + F("released"))
    return set(live.values_list("order_id", flat=True))


def stock_fact(fact: Fact, by: Any, at: datetime | None, source: str | None) -> Callable[[], list[int]]:
    """The use case of stock that posts a fact, as it stands."""
    if isinstance(fact, Adjusted):
        return lambda: adjust(
            fact.location_id, fact.rows, fact.reason, by=by, at=at, source=source, proposed_by_id=fact.proposed_by_id
        )
    if isinstance(fact, WasCounted):
        return lambda: count(fact.location_id, fact.rows, by=by, at=at, source=source, as_of=fact.as_of)
    if isinstance(fact, Transferred):
        return lambda: transfer(fact.location_id, fact.rows, fact.reference, by=by, at=at, source=source)
    assert isinstance(fact, LotBlocked)

    def blocked() -> list[int]:
        block(fact.location_id, fact.product_id, fact.lot, fact.reason, by=by, at=at)
        return []

    return blocked


def making_room(run: Callable[[], list[int]], done: Posted) -> list[int]:
    """Part: run a posting; where orders hold what is gone, their allocations are released first."""
    try:
        return run()
    except BelowAllocated as below:
        with presently():
            free_room({row["balance_id"]: row["missing"] for row in below.data["rows"]}, done)
    return run()


class _Held(NamedTuple):
    allocation: int
    order: int
    customer: int
    line: int
    balance: int
    shipment_line: int
    shipment: int
    quantity: int
    picked: int


HELD = """
SELECT a.id, a.order_id, o.customer_id, a.line_id, a.balance_id, sl.id, sl.shipment_id, sl.quantity,
       least(sl.quantity, greatest(a.picked - a.shipped, 0))
FROM orders_allocation a JOIN orders_order o ON o.id = a.order_id
JOIN orders_shipmentline sl ON sl.allocation_id = a.id AND NOT sl.posted
JOIN orders_shipment s ON s.id = sl.shipment_id AND s.status IN ('released', 'picking', 'picked', 'packed')
WHERE a.balance_id = ANY(%s) ORDER BY a.id DESC, sl.id DESC
"""


def free_room(missing: Mapping[int, int], done: Posted) -> None:
    """Part: release {balance: units} of allocations, the lowest rank first, unpicked before picked; then blocked units."""
    with connection.cursor() as cursor:
        cursor.execute(HELD, [sorted(missing)])
        rows = [_Held(*row) for row in cursor.fetchall()]
    ranked = list(by_rank(Order.objects.filter(pk__in={r.order for r in rows})).values_list("pk", flat=True))
    rows.sort(key=lambda r: ranked.index(r.order), reverse=True)
    left, freed = dict(missing), {}
    for row in rows:
        freed[row] = min(left[row.balance], row.quantity)  # the line's unpicked units go first, its picked ones last
        left[row.balance] -= freed[row]
    freed = {row: units for row, units in freed.items() if units}
    cmd = current()
    totals: dict[int, int] = {}
    for row, units in freed.items():
        totals[row.line] = totals.get(row.line, 0) + units
        done.released[row.order] = done.released.get(row.order, 0) + units
    customers = {row.order: row.customer for row in freed}
    event = cmd.event(
        "allocation.lost", [("order", i) for i in sorted(customers)] + [("customer", i) for i in sorted(set(customers.values()))],
        {"units": sum(totals.values()), "lines": totals, "balances": sorted(missing)},
    )  # fmt: skip
    add({"allocated": {i: -q for i, q in totals.items()}})
    shrink({row.shipment_line: units for row, units in freed.items()}, {row.shipment for row in freed})
    for row, units in freed.items():
        unpicked = row.quantity - row.picked
        Allocation.objects.filter(pk=row.allocation).update(released=F("released") + units, picked=F("picked") - max(0, units - unpicked))
    deallocate([(row.balance, row.order, row.line, units) for row, units in freed.items()], event)
    give_up_blocked([BlockedOut(balance, units) for balance, units in sorted(left.items()) if units], event)


def _shipped(
    fact: HasShipped, shipment: Shipment | None, order: Order | None, lines: list[OrderLine], source: str | None, done: Posted
) -> None:
    """Part: what the shipment holds leaves by it; what the order still may get by a shipment of its own; the rest by nobody's."""
    rows: list[Any] = [list(row) for row in fact.rows]
    if shipment is not None and order is not None and shipment.status in AT_WORK:
        held = list(shipment.lines.filter(posted=False).select_related("allocation__balance").order_by("pk"))
        taken = {x.pk: take(rows, x.product_id, x.quantity) for x in held}
        if any(taken.values()):
            rest = {x.pk: x.quantity - taken[x.pk] for x in held if x.quantity > taken[x.pk]}
            if rest:
                split_rest(shipment, held, rest)
            post_issue(order, shipment, [x for x in held if taken[x.pk]], fact.tracking_number, source)
            done.shipments.append(shipment.pk)
    open_lines = [x for x in lines if order and x.order_id == order.pk and x.kind in SHIPPED_KINDS] if order and order.status == OrderStatus.APPROVED else []
    fresh = {x.pk: x for x in OrderLine.objects.filter(pk__in=[x.pk for x in open_lines])}
    room = {i: x.quantity_approved - x.quantity_shipped - x.quantity_allocated for i, x in fresh.items()}
    covered: list[tuple[OrderLine, Left]] = []
    beyond: list[Left] = []
    for product, quantity, bin_, lot in rows:
        place = Place(product, fact.location_id, bin_, lot)
        for line in open_lines:
            part = min(quantity, room[line.pk]) if line.product_id == product else 0
            if part:
                covered.append((line, Left(place, part, line.order_id, line.pk)))
                room[line.pk] -= part
                quantity -= part
        if quantity:
            beyond.append(Left(place, quantity))
    left = [row for _line, row in covered] + beyond
    if source and left and not done.shipments:
        left[0] = left[0]._replace(source=source)
    movements = making_room(lambda: leave(fact.location_id, left, (fact.shipment or fact.order)[:30]), done) if left else []
    done.movements += movements
    if covered and order:
        done.shipments.append(_ship_unplanned(order, fact, covered, movements[: len(covered)]))
        done.released.setdefault(order.pk, 0)  # its plan shrinks by what left
    if beyond:
        _record(fact, order, beyond, movements[len(covered) :], done)


def take(rows: list[list[Any]], product_id: int, quantity: int) -> int:
    """Take up to `quantity` of a product off the rows [product, quantity, bin, lot]; how much was there."""
    taken = 0
    for row in rows:
        part = min(quantity - taken, row[1]) if row[0] == product_id else 0
        row[1] -= part
        taken += part
    rows[:] = [row for row in rows if row[1]]
    return taken


def _ship_unplanned(order: Order, fact: HasShipped, covered: list[tuple[OrderLine, Left]], movements: list[int]) -> int:
    """Part: a shipment of what left without having been released, within what is approved."""
    balances = balances_at({tuple(row.place) for _line, row in covered})  # type: ignore[misc]
    rows = [(line, balances[tuple(row.place)].pk, row.quantity, movement)  # type: ignore[index]
            for (line, row), movement in zip(covered, movements, strict=True)]  # fmt: skip
    return ship_posted(order, fact.location_id, rows, fact.tracking_number)


def ship_posted(order: Order, location_id: int, rows: Sequence[tuple[OrderLine, int, int, int]], tracking_number: str = "",
                by_file: bool = False) -> int:
    """Part: a shipment of goods whose issue is posted: (line, balance, units, movement). The order and lines are locked.

    `by_file`: its invoice comes by file, so the news makes none.
    """
    cmd = current()
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_shipment_id_seq'), nextval('orders_shipment_number')")
        shipment_id, serial = cursor.fetchone()
    totals: dict[int, int] = {}
    for line, _balance, units, _movement in rows:
        totals[line.pk] = totals.get(line.pk, 0) + units
    event = cmd.event("shipment.shipped", subjects(order.pk, order.customer_id, [("shipment", shipment_id)]),
                      {"shipment": shipment_id, "order": order.pk, "lines": totals, "unplanned": True, **({"invoice": "file"} if by_file else {})})
    add({"shipped": totals})
    shipment = Shipment.objects.create(
        id=shipment_id, number=f"SH{serial:07d}", order_id=order.pk, location_id=location_id, status=ShipmentStatus.RELEASED,
        planned_date=cmd.at.date(), delivery_date=cmd.at.date(), released_at=cmd.at, event_id=event,
    )  # fmt: skip
    allocations = Allocation.objects.bulk_create(
        Allocation(order_id=order.pk, line_id=line.pk, balance_id=balance, quantity=units, shipped=units, at=cmd.at, event_id=event)
        for line, balance, units, _movement in rows
    )
    ShipmentLine.objects.bulk_create(
        ShipmentLine(shipment=shipment, order_id=order.pk, line_id=line.pk, product_id=line.product_id or 0, allocation=allocation,
                     quantity=units, movement_id=movement, posted=True)
        for (line, _balance, units, movement), allocation in zip(rows, allocations, strict=True)
    )  # fmt: skip
    Shipment.objects.filter(pk=shipment_id).update(status=ShipmentStatus.SHIPPED, shipped_at=cmd.at, tracking_number=tracking_number[:60])
    return int(shipment_id)


def _record(fact: HasShipped, order: Order | None, beyond: Sequence[Left], movements: Sequence[int], done: Posted) -> None:
    """Part: discrepancies of what nobody approved."""
    about = subjects(order.pk, order.customer_id) if order else [("location", fact.location_id)]
    event = current().event("discrepancy.found", about, {
        "kind": DiscrepancyKind.UNAUTHORISED_ISSUE.value, "units": sum(row.quantity for row in beyond), "location": fact.location_id})  # fmt: skip
    balances = balances_at({tuple(row.place) for row in beyond})  # type: ignore[misc]
    done.discrepancies += record_discrepancies(
        DiscrepancyKind.UNAUTHORISED_ISSUE,
        [Uncovered(row.place.product_id, fact.location_id, balances[tuple(row.place)].pk, movement, row.quantity, order.pk if order else None)  # type: ignore[index]
         for row, movement in zip(beyond, movements, strict=True)],
        (fact.shipment or fact.order)[:30], event,
    )  # fmt: skip

