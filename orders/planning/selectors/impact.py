"""Who is touched: the promises that hang on a receipt, and the orders that wait for what another one claims."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import F, Prefetch
from django.db.models.expressions import RawSQL
from django.utils import timezone

from customers.parties.models import Address
from inventory.stock.domain import Cell, booking_delta
from inventory.stock.models import Availability, ExpectedReceipt
from inventory.stock.selectors import CellRow, cells_for
from oms.company.selectors import exponent
from oms.kernel.money import line_net
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders
from orders.planning.domain.hanging import uncovered, without
from orders.planning.domain.ranking import Standing, rank_key
from orders.planning.models import ScheduleLine
from orders.planning.selectors.case import given_back
from orders.planning.selectors.live import live_lines
from orders.planning.selectors.network import Network, network
from orders.planning.selectors.placing import Ask, AskLine, PlacedRow, Told, place_on
from orders.planning.selectors.rules import by_rank, rules_now

MOST_OTHERS = 50


@dataclass(frozen=True)
class Hanging:
    """`units` of a schedule line that lose their date; `seen`: the viewer may know the order."""

    row: ScheduleLine
    units: int
    seen: bool


def hanging_on(user: Any, receipt: ExpectedReceipt, later: date | None = None) -> list[Hanging]:
    """The live schedule lines that are no longer covered when the rest of a receipt does not come, or comes `later`;
    highest rank first. Four statements."""
    cell = Availability.objects.filter(product_id=receipt.product_id, location_id=receipt.location_id).first()
    if cell is None:
        return []
    rows = list(
        ScheduleLine.objects.filter(product_id=receipt.product_id, location_id=receipt.location_id,
                                    version=F("order__live_plan__version"))
        .select_related("order__customer", "line").order_by("pk")
    )  # fmt: skip
    rules = rules_now()
    keys = [rank_key(rules, standing_of(r)) for r in rows]
    free = list(cell.free)
    for r in rows:
        free = [f - d for f, d in zip(free, booking_delta(cell.days, r.ship_date, r.quantity), strict=True)]
    supply = Cell(tuple(cell.days), tuple(free))
    asked = [(key, r.ship_date, r.quantity) for key, r in zip(keys, rows, strict=True)]
    now = uncovered(supply, asked)
    then = uncovered(without(supply, receipt.available_date, receipt.quantity - receipt.received, later), asked)
    lost = [(key, r, t - n) for key, r, n, t in zip(keys, rows, now, then, strict=True) if t > n]
    seen = set(visible_orders(user).filter(pk__in=[r.order_id for _k, r, _q in lost]).values_list("pk", flat=True)) if lost else set()
    return [Hanging(r, q, r.order_id in seen) for _key, r, q in sorted(lost, key=lambda x: (x[0], x[1].pk))]


def standing_of(row: ScheduleLine) -> Standing:
    """What the place of a schedule line's order is made of."""
    o = row.order
    return Standing(o.pk, row.kind == "plan", o.customer_class, o.criticality, o.requested_date, row.line.rank_date)


@dataclass(frozen=True)
class Impact:
    """Another order's line that would arrive on `date` with `quantity` dated, were it not for the claim; now `now_*`."""

    order: Order
    line: OrderLine
    now_date: date | None
    now_quantity: int
    date: date | None
    quantity: int

    @property
    def units(self) -> int:
        """How many of its units go on waiting: those that would get a date, else all that would come earlier."""
        return self.quantity - self.now_quantity or self.quantity

    @property
    def days(self) -> int | None:
        """By how many days they are later; None when they have no date at all."""
        if self.quantity > self.now_quantity or self.now_date is None or self.date is None:
            return None
        return (self.now_date - self.date).days

    @property
    def net(self) -> Decimal:
        """Net of those units."""
        return line_net(self.units, self.line.unit_price, self.line.price_unit, self.line.discount, exponent(self.order.currency_id))


SHORT_OR_LATE = """
SELECT l.order_id FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id
LEFT JOIN orders_liveplan live ON live.order_id = o.id
LEFT JOIN LATERAL (
    SELECT sum(s.quantity) AS dated, max(s.delivery_date) AS last FROM orders_scheduleline s
    WHERE s.order_id = o.id AND s.version = live.version AND s.line_id = l.id
) plan ON true
WHERE l.product_id = ANY(%s) AND o.status IN ('submitted', 'approved')
  AND l.quantity_ordered - l.quantity_cancelled - l.quantity_shipped - l.quantity_allocated > 0
  AND (l.quantity_ordered - l.quantity_cancelled - l.quantity_shipped - l.quantity_allocated > coalesce(plan.dated, 0)
       OR plan.last > o.requested_date)
"""


def impacts_of(user: Any, orders: Collection[Order]) -> dict[int, list[Impact]]:
    """Order id → who waits for what it claims: approving it means that they go on waiting. Of the orders one may see.

    The MOST_OTHERS short or late orders that rank first are placed in rank order on the stock as it would be without that
    one order. One whose claim ran out would take what is free now. At most ten statements, however many orders are asked about.
    """
    found: dict[int, list[Impact]] = {order.pk: [] for order in orders}
    lines: dict[int, list[OrderLine]] = {}
    for line in OrderLine.objects.filter(order_id__in=found, product__isnull=False):
        lines.setdefault(line.order_id, []).append(line)
    live = rows_by_order(found)
    others = waiting_for(user, {line.product_id for mine in lines.values() for line in mine if line.product_id})
    if not others:
        return found
    wanted = {line.product_id for o in [*lines.values(), *(list(o.lines.all()) for o in others)] for line in o if line.product_id}
    live |= rows_by_order([o.pk for o in others])
    state = Others(others, live, cells_for(wanted), network(), timezone.now())
    addresses = Address.objects.in_bulk({o.ship_to_id for o in orders if not live.get(o.pk)})
    for order in orders:
        mine = lines.get(order.pk, [])
        if claims := [spot(r) for r in live.get(order.pk, []) if r.kind == "claim"]:
            found[order.pk] = state.behind(order.pk, claims, state.cells)
        elif order.ship_to_id in addresses and not live.get(order.pk):
            placed = place_on(ask_of(order, mine, addresses[order.ship_to_id], state.now), state.cells, state.lanes)
            takes = [spot(r) for r in placed.rows]
            found[order.pk] = state.behind(order.pk, takes, taken(state.cells, takes))
    return found


Spot = tuple[int, int, date, int]


def spot(row: ScheduleLine | PlacedRow) -> Spot:
    """(product, location, ship day, units) of a schedule line or of a row that was placed."""
    return row.product_id, row.location_id, row.ship_date, row.quantity


def taken(cells: Sequence[CellRow], spots: Iterable[Spot]) -> tuple[CellRow, ...]:
    """The cells after the spots are booked on them."""
    return given_back(cells, [(product, location, day, -units) for product, location, day, units in spots])


def rows_by_order(ids: Collection[int]) -> dict[int, list[ScheduleLine]]:
    """Order id → its live schedule lines. One statement."""
    found: dict[int, list[ScheduleLine]] = {}
    for row in live_lines(ids):
        found.setdefault(row.order_id, []).append(row)
    return found


def waiting_for(user: Any, products: Collection[int]) -> list[Order]:
    """The orders one may see of which something of the products is without a date or late, by rank; three statements."""
    if not products:
        return []
    lines = OrderLine.objects.select_related("product").order_by("position")
    short = RawSQL(SHORT_OR_LATE, [list(products)])
    seen = visible_orders(user).filter(pk__in=short).select_related("ship_to", "customer").prefetch_related(Prefetch("lines", queryset=lines))
    return list(by_rank(seen)[:MOST_OTHERS])


def ask_of(order: Order, lines: Iterable[OrderLine], to: Address, now: datetime) -> Ask:
    """What is still to be placed of an order."""
    left = {x: x.quantity_ordered - x.quantity_cancelled - x.quantity_shipped - x.quantity_allocated for x in lines}
    return Ask(
        order.customer_class, order.criticality, order.requested_date, now, to.transit_zone, to.receiving_calendar_id,
        order.delivery_rule, order.max_shipments,
        tuple(AskLine(x.pk, x.product_id, q, x.no_split) for x, q in left.items() if x.product_id and q > 0),
    )  # fmt: skip


@dataclass(frozen=True)
class Others:
    """Short or late orders by rank, with everything that placing them takes: `live` rows by order, cells, lanes."""

    orders: list[Order]
    live: Mapping[int, list[ScheduleLine]]
    cells: Sequence[CellRow]
    lanes: Network
    now: datetime

    def behind(self, order_id: int, takes: Collection[Spot], after: Sequence[CellRow]) -> list[Impact]:
        """Whom `order_id` keeps waiting with what it `takes` of the cells, that are `after` when it has it; by rank.

        What another order could have anyhow, with the next plan, is not lost to this one.
        """
        products = {product for product, *_rest in takes}
        without = given_back(after, takes)
        found: list[Impact] = []
        for other in self.orders:
            lines = {x.pk: x for x in other.lines.all()}
            if other.pk == order_id or products.isdisjoint(x.product_id for x in lines.values()):
                continue
            mine = self.live.get(other.pk, [])
            ask = ask_of(other, lines.values(), other.ship_to, self.now)
            own = taken_back(without, mine)
            placed = place_on(ask, own, self.lanes)
            stand = {x.key: stands([r for r in mine if r.line_id == x.key]) for x in ask.lines}
            if not any(improvement(other, lines[x.key], placed.promise(x.key), *stand[x.key]) for x in ask.lines):
                continue
            with_it = place_on(ask, taken_back(after, mine), self.lanes)
            told = {x.key: with_it.promise(x.key) for x in ask.lines}
            stand = {pk: max(now, (told[pk].quantity, told[pk].delivery_date), key=served) for pk, now in stand.items()}
            better = [i for x in ask.lines if (i := improvement(other, lines[x.key], placed.promise(x.key), *stand[x.key]))]
            if better:
                without = taken(own, [spot(r) for r in placed.rows])
                found += [i for i in better if i.line.product_id in products]
        return found


def taken_back(cells: Sequence[CellRow], rows: Iterable[ScheduleLine]) -> tuple[CellRow, ...]:
    """The cells without these bookings."""
    return given_back(cells, map(spot, rows))


def served(stand: tuple[int, date | None]) -> tuple[int, int]:
    """How well a line is served, to compare: more units, then an earlier last day."""
    units, last = stand
    return units, -last.toordinal() if last else 0


def stands(rows: Collection[ScheduleLine]) -> tuple[int, date | None]:
    """(units with a date, the last day) of a line's live schedule."""
    return sum(r.quantity for r in rows), max((r.delivery_date for r in rows), default=None)


def improvement(other: Order, line: OrderLine, told: Told, now_quantity: int, now_date: date | None) -> Impact | None:
    """What a line would gain, None when nothing: more units with a date, or as many and earlier than now and too late."""
    earlier = (told.quantity == now_quantity and now_date is not None and told.delivery_date is not None
               and now_date > other.requested_date and told.delivery_date < now_date)  # fmt: skip
    if told.quantity <= now_quantity and not earlier:
        return None
    return Impact(other, line, now_date, now_quantity, told.delivery_date, told.quantity)
