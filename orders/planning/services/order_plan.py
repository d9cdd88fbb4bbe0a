"""Writes of planning: the live plan of an order with its promises, hardening and softening, re-planning one order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Protocol

from django.db import connection
from django.utils.translation import gettext as _

from inventory.stock.locks import lock_cells_of_products
from inventory.stock.services import book as book_stock
from inventory.stock.services import book_by_day
from oms.events.services import current, use_case, write
from oms.kernel.errors import Conflict
from oms.kernel.sqlrows import Part, insert
from orders.book.choices import SHIPPED_KINDS
from orders.book.locks import lock_lines, lock_order
from orders.book.models import Order, OrderLine
from orders.book.services import subjects
from orders.planning.choices import PromiseKind, ScheduleKind, Source
from orders.planning.models import LivePlan, Promise, ScheduleLine
from orders.planning.selectors import (
    Ask,
    AskLine,
    Due,
    Placed,
    PlacedRow,
    Told,
    last_promises,
    live_lines,
    place,
)

SCHEDULE_COLUMNS = {
    "version": "bigint", "order_id": "bigint", "line_id": "bigint", "product_id": "bigint", "location_id": "bigint",
    "kind": "text", "ship_date": "date", "delivery_date": "date", "quantity": "bigint",
}  # fmt: skip
PROMISE_COLUMNS = {
    "line_id": "bigint", "kind": "text", "version": "bigint", "quantity": "bigint", "ship_date": "date",
    "delivery_date": "date", "source": "text", "binding": "text", "basis": "jsonb", "at": "timestamptz",
    "event_id": "bigint",
}  # fmt: skip
LIVE_COLUMNS = {"order_id": "bigint", "version": "bigint"}


class Unshipped(Protocol):
    """What `soften` needs of a shipment line that did not leave."""

    order_id: int
    line_id: int
    product_id: int
    quantity: int


def planned(order_id: int, version: int, placed: Placed, approved: bool, event_id: int) -> list[Part]:
    """A new order's schedule lines and its promises (quoted; first, when approved), to be written with the order.

    The bookings themselves are written by the caller, last, through `inventory.stock.services.book`.
    """
    keys = list(placed.constraints)
    kind = ScheduleKind.PLAN if approved else ScheduleKind.CLAIM
    kinds = [PromiseKind.QUOTED, PromiseKind.FIRST] if approved else [PromiseKind.QUOTED]
    told = [(key, promise_kind, placed.promise(key)) for key in keys for promise_kind in kinds]
    return plan_rows(order_id, version, [(row, kind) for row in placed.rows], told, event_id)


def plan_rows(
    order_id: int,
    version: int,
    rows: Sequence[tuple[PlacedRow, str]],
    told: Sequence[tuple[int, str, Told]],
    event_id: int,
) -> list[Part]:
    """The live version of an order, its schedule lines and what was promised, to be written."""
    at = current().at
    return [
        insert("live", "orders_liveplan", LIVE_COLUMNS, [(order_id, version)],
               "ON CONFLICT (order_id) DO UPDATE SET version = excluded.version"),
        insert(
            "schedule", "orders_scheduleline", SCHEDULE_COLUMNS,
            [(version, order_id, r.key, r.product_id, r.location_id, str(kind), r.ship_date, r.delivery_date, r.quantity)
             for r, kind in rows],
        ),
        insert(
            "promises", "orders_promise", PROMISE_COLUMNS,
            [(key, str(kind), version, t.quantity, t.ship_date, t.delivery_date, t.source, t.constraint, "{}", at, event_id)
             for key, kind, t in told],
        ),
    ]  # fmt: skip


def next_version() -> int:
    """A fresh plan version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('orders_plan_version')")
        return int(cursor.fetchone()[0])


def unbook(order_ids: Iterable[int]) -> list[Any]:
    """Part: give the live soft bookings of (locked) orders back to availability; returns the schedule lines."""
    lines = list(live_lines(list(order_ids)))
    book_by_day([(x.product_id, x.location_id, x.ship_date, -x.quantity) for x in lines])
    return lines


def replan_order(
    order: Order,
    lines: Sequence[OrderLine],
    event_id: int,
    *,
    shown: Mapping[int, str | None] | None = None,
    accept_changes: bool = False,
) -> None:
    """Part: place a (locked) order anew after a decision: approved quantity as plan, pending as claim.

    Its old bookings are given back first, in the same transaction, so that it never loses its own place to itself.
    Every cell it may touch is locked first, sorted. Approved lines without a first promise get one; a worse date than
    `shown` is refused with Conflict `promise_changed` (PRODUCT.md section 5) unless `accept_changes`.
    """
    goods = [line for line in lines if line.kind in SHIPPED_KINDS]
    if not goods:
        return
    lock_cells_of_products({line.product_id for line in goods if line.product_id})
    unbook([order.pk])
    wanted = {x.pk: x.quantity_approved - x.quantity_shipped - x.quantity_allocated for x in goods}
    claimed = {x.pk: x.pending for x in goods}
    plan = place(ask_for(order, goods, wanted), locked=True)
    book_stock(plan.bookings)
    claim = place(ask_for(order, goods, claimed), locked=True)
    book_stock(claim.bookings)
    refuse_later(order, goods, plan, claim, shown or {}, accept_changes)
    rows = [(row, ScheduleKind.PLAN) for row in plan.rows] + [(row, ScheduleKind.CLAIM) for row in claim.rows]
    version = next_version()
    write(*plan_rows(order.pk, version, rows, promises(goods, wanted, plan) + quoted(goods, claimed, claim), event_id))


def promises(goods: Sequence[OrderLine], wanted: Mapping[int, int], plan: Placed) -> list[tuple[int, str, Told]]:
    """The promises a re-planning makes: `first` for lines approved for the first time, `current` where it moved."""
    standing = last_promises([line.pk for line in goods])
    firsts = set(
        Promise.objects.filter(line_id__in=[x.pk for x in goods], kind=PromiseKind.FIRST).values_list("line_id", flat=True)
    )
    told: list[tuple[int, str, Told]] = []
    for line in goods:
        if wanted[line.pk] <= 0:
            continue
        now = plan.promise(line.pk)
        if line.pk not in firsts:
            told.append((line.pk, PromiseKind.FIRST, now))
        elif moved(standing.get(line.pk), now):
            told.append((line.pk, PromiseKind.CURRENT, now))
    return told


def quoted(goods: Sequence[OrderLine], claimed: Mapping[int, int], claim: Placed) -> list[tuple[int, str, Told]]:
    """The conditional promise of lines that wait for approval and were never told one (added later)."""
    waiting = [line.pk for line in goods if claimed[line.pk] > 0]
    told = set(Promise.objects.filter(line_id__in=waiting).values_list("line_id", flat=True)) if waiting else set()
    return [(pk, PromiseKind.QUOTED, claim.promise(pk)) for pk in waiting if pk not in told]


def moved(standing: Promise | None, now: Told) -> bool:
    """Whether the promise differs from the one that stands."""
    return standing is None or (standing.quantity, standing.ship_date, standing.delivery_date) != (
        now.quantity, now.ship_date, now.delivery_date,
    )  # fmt: skip


def refuse_later(
    order: Order, goods: Sequence[OrderLine], plan: Placed, claim: Placed, shown: Mapping[int, str | None],
    accept_changes: bool,
) -> None:  # fmt: skip
    """Raise Conflict `promise_changed` when a line is later now than the approver saw."""
    if accept_changes:
        return
    later = []
    for line in goods:
        before = shown.get(line.pk)
        dates = [r.delivery_date for placed in (plan, claim) for r in placed.rows_of(line.pk)]
        now = max(dates).isoformat() if dates else None
        if before is not None and (now is None or now > before):
            later.append({"line": line.pk, "position": line.position, "shown": before, "now": now})
    if later:
        raise Conflict(
            _("Since you looked, %(order)s would arrive later; nothing was decided.") % {"order": order.number},
            code="promise_changed", differences=later, clears=_("Approve with the new dates, or leave it."),
        )  # fmt: skip


def ask_for(order: Order, goods: Sequence[OrderLine], quantities: Mapping[int, int]) -> Ask:
    """The question for the kernel: these quantities of an order's lines, by its terms, as of now."""
    address = order.ship_to
    return Ask(
        order.customer_class, order.criticality, order.requested_date, current().at, address.transit_zone,
        address.receiving_calendar_id, order.delivery_rule, order.max_shipments,
        tuple(AskLine(x.pk, x.product_id or 0, quantities[x.pk], x.no_split) for x in goods if quantities[x.pk] > 0),
    )  # fmt: skip


HARDEN = """
WITH taken AS (SELECT * FROM unnest(%(ids)s::bigint[], %(quantities)s::bigint[]) AS t(id, quantity)),
gone AS (DELETE FROM orders_scheduleline s USING taken t WHERE s.id = t.id AND s.quantity <= t.quantity)
UPDATE orders_scheduleline s SET quantity = s.quantity - t.quantity
FROM taken t WHERE s.id = t.id AND s.quantity > t.quantity
"""


def harden(taken: Sequence[tuple[Due, int]]) -> None:
    """Part: what was allocated leaves the soft plan. Allocation took it from day 0; the booking on its ship day ends."""
    totals: dict[int, int] = {}
    for due, quantity in taken:
        totals[due.schedule_id] = totals.get(due.schedule_id, 0) + quantity
    with connection.cursor() as cursor:
        cursor.execute(HARDEN, {"ids": list(totals), "quantities": list(totals.values())})
    book_by_day([(due.product_id, due.location_id, due.ship_date, -quantity) for due, quantity in taken])


def lock_places(order_ids: Collection[int]) -> None:
    """Part: lock the availability that `soften` of these (locked) orders may move, before their balances are."""
    goods = OrderLine.objects.filter(order_id__in=order_ids, kind__in=SHIPPED_KINDS, product_id__isnull=False)
    lock_cells_of_products(set(goods.values_list("product_id", flat=True)))


def give_up(rows: Sequence[ScheduleLine], units: Mapping[int, int], event_id: int) -> None:
    """Part: take {schedule line: units} off live schedule lines of a locked order; the rest keeps its places and dates.

    Lines whose plan shrinks get a `current` promise for what is left of it.
    """
    taken = [row for row in rows if units.get(row.pk)]
    with connection.cursor() as cursor:
        cursor.execute(HARDEN, {"ids": [row.pk for row in taken], "quantities": [units[row.pk] for row in taken]})
    book_by_day([(row.product_id, row.location_id, row.ship_date, -units[row.pk]) for row in taken])
    left: dict[int, list[tuple[ScheduleLine, int]]] = {row.line_id: [] for row in taken if row.kind == ScheduleKind.PLAN}
    for row in rows:
        rest = row.quantity - units.get(row.pk, 0)
        if row.line_id in left and row.kind == ScheduleKind.PLAN and rest:
            left[row.line_id].append((row, rest))
    standing, at = last_promises(list(left)), current().at
    Promise.objects.bulk_create(
        Promise(
            line_id=line_id, kind=PromiseKind.CURRENT, version=parts[0][0].version, quantity=sum(rest for _row, rest in parts),
            ship_date=max(row.ship_date for row, _rest in parts), delivery_date=max(row.delivery_date for row, _rest in parts),
            source=standing[line_id].source if line_id in standing else Source.STOCK,
            binding=standing[line_id].binding if line_id in standing else "", at=at, event_id=event_id,
        )
        for line_id, parts in sorted(left.items())
        if parts
    )  # fmt: skip


def soften(lines: Sequence[Unshipped]) -> None:
    """Part: what was allocated and did not leave is planned softly again, by placing its orders anew."""
    order_ids = sorted({line.order_id for line in lines})
    event_id = current().event("plan.softened", [("order", i) for i in order_ids], {"orders": order_ids})
    for order in Order.objects.filter(pk__in=order_ids).select_related("ship_to").order_by("pk"):
        replan_order(order, list(order.lines.order_by("pk")), event_id)


def tell_actual(delivered: Mapping[int, int], shipped: date, arrived: date, event_id: int) -> None:
    """Part: the promise's last version: what was delivered when."""
    at = current().at
    Promise.objects.bulk_create(
        Promise(line_id=line_id, kind=PromiseKind.ACTUAL, version=0, quantity=quantity, ship_date=shipped,
                delivery_date=arrived, source=Source.STOCK, at=at, event_id=event_id)
        for line_id, quantity in sorted(delivered.items())
    )  # fmt: skip


def drop_plan(order_id: int) -> None:
    """Part: end the soft plan of a locked order; its bookings are given back and no version is alive any more."""
    unbook([order_id])
    LivePlan.objects.filter(order_id=order_id).delete()


class Kept(Exception):
    """A new placement would not be better: the order keeps what it has (rolled back)."""


@use_case("planning.improve")
def improve(order_id: int, *, by: Any, at: datetime | None = None) -> None:
    """Place one approved order anew and keep the result only if no line gets less or later and one gets better.

    Strategy IMPROVE of PLANNING.md: what stands as promised never gets worse by a plan run. Raises Kept otherwise.
    """
    order = Order.objects.select_related("ship_to").get(pk=lock_order(order_id).pk)
    goods = [line for line in lock_lines([order_id]) if line.kind in SHIPPED_KINDS]
    before = arrivals(order_id)
    event = current().event("promise.moved", subjects(order.pk, order.customer_id), {"order": order.pk, "cause": "plan"})
    replan_order(order, goods, event, accept_changes=True)
    after = arrivals(order_id)
    if not at_least(after, before) or at_least(before, after):
        raise Kept


def arrivals(order_id: int) -> dict[int, list[tuple[date, int]]]:
    """Order line → (arrival, quantity) of its live plan, by day."""
    found: dict[int, list[tuple[date, int]]] = {}
    for row in live_lines([order_id]).filter(kind=ScheduleKind.PLAN):
        found.setdefault(row.line_id, []).append((row.delivery_date, row.quantity))
    return {line: sorted(rows) for line, rows in found.items()}


def at_least(new: Mapping[int, list[tuple[date, int]]], old: Mapping[int, list[tuple[date, int]]]) -> bool:
    """Whether on every day at least as much of every line has arrived by `new` as by `old`."""
    return all(
        sum(q for d, q in new.get(line, ()) if d <= day) >= sum(q for d, q in rows if d <= day)
        for line, rows in old.items()
        for day, _quantity in rows
    )
