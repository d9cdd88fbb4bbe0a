"""One consistent view of the backlog for a plan run: read in columns, in one read-only transaction of its own."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from django.db import connection, transaction

from oms.kernel.canonical import canonical, digest
from orders.planning.domain.backlog import Row, Snapshot, Stock, Unit, UnitLine
from orders.planning.domain.ranking import Rules, Standing, rank_key
from orders.planning.selectors.network import BACK_DAYS, Network, network
from orders.planning.selectors.rules import rules_now

LEAST_DAYS, MOST_DAYS = 120, 1_200
PLANNED_KINDS = "('goods', 'free', 'replacement')"

LINES = f"""
SELECT o.id AS order_id, o.status, o.customer_class, o.criticality, o.requested_date, o.delivery_rule, o.max_shipments,
       a.transit_zone, a.receiving_calendar_id, coalesce(live.version, 0) AS version,
       (o.claim_expires_at IS NULL OR o.claim_expires_at > now()) AS claims,
       line.id AS line_id, line.product_id, line.no_split, line.rank_date,
       line.quantity_approved - line.quantity_shipped - line.quantity_allocated AS open,
       line.quantity_ordered - line.quantity_cancelled - line.quantity_approved AS pending
FROM orders_order o
JOIN orders_orderline line ON line.order_id = o.id
JOIN customers_address a ON a.id = o.ship_to_id
LEFT JOIN orders_liveplan live ON live.order_id = o.id
WHERE o.status IN ('submitted', 'approved') AND line.kind IN {PLANNED_KINDS}
  AND line.quantity_ordered > line.quantity_cancelled + line.quantity_shipped + line.quantity_allocated {{which}}
ORDER BY o.id, line.id
"""
ROWS = """
SELECT s.id, s.order_id, s.line_id, s.product_id, s.location_id, s.kind, s.ship_date, s.delivery_date, s.quantity
FROM orders_scheduleline s JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version {which}
ORDER BY s.id
"""
CELLS = """
SELECT a.product_id, a.location_id, a.days::text, a.free::text FROM inventory_availability a
JOIN inventory_storagelocation s ON s.id = a.location_id WHERE s.active ORDER BY a.product_id, a.location_id
"""


def columns(sql: str, parameters: Any = None) -> list[list[Any]]:
    """The columns of a query, each as one array: one row crosses the wire, whatever the count."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({sql}) q LIMIT 0", parameters)
        names = [column.name for column in cursor.description]
        picked = ", ".join(f'array_agg(q."{name}")' for name in names)
        cursor.execute(f"SELECT {picked} FROM ({sql}) q", parameters)
        return [list(column or ()) for column in cursor.fetchone()]


def facts_of(order_ids: Collection[int]) -> dict[int, bytes]:
    """Order id → a digest of what its plan stands on: version, quantities, live rows. Two statements."""
    ids = list(order_ids)
    lines = list(zip(*columns(LINES.format(which="AND o.id = ANY(%s)"), [ids]), strict=True))
    rows = list(zip(*columns(ROWS.format(which="WHERE s.order_id = ANY(%s)"), [ids]), strict=True))
    return digests(lines, rows)


def digests(lines: Collection[tuple[Any, ...]], rows: Collection[tuple[Any, ...]]) -> dict[int, bytes]:
    """The digests of rows of LINES and ROWS, by order."""
    parts: dict[int, list[Any]] = {}
    for line in lines:
        parts.setdefault(line[0], []).append([line[1], line[9], line[11], line[15], line[16]])
    for row in rows:
        parts.setdefault(row[1], []).append([row[0], row[8]])
    return {order: digest(canonical(found)) for order, found in parts.items()}


def snapshot(now: datetime) -> Snapshot:
    """Read everything a plan run needs, in a READ ONLY REPEATABLE READ transaction (it draws no transaction id).

    Must be called outside any transaction.
    """
    assert not connection.in_atomic_block, "a snapshot has a transaction of its own"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_current_snapshot()::text")
            seen = cursor.fetchone()[0]
        rules, lanes = rules_now(), network()
        lines = list(zip(*columns(LINES.format(which="")), strict=True))
        rows = list(zip(*columns(ROWS.format(which="")), strict=True))
        stock = [Stock(p, w, dates(days), numbers(free)) for p, w, days, free in zip(*columns(CELLS), strict=True)]
    return assembled(seen, now, rules, lanes, lines, rows, stock)


def dates(text: str) -> tuple[date, ...]:
    return tuple(date.fromisoformat(day) for day in text.strip("{}").split(","))


def numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.strip("{}").split(",")))


def assembled(
    seen: str, now: datetime, rules: Rules, lanes: Network, lines: list[Any], rows: list[Any], stock: list[Stock]
) -> Snapshot:
    """The snapshot from what was read; nothing is read here."""
    today = lanes.first + timedelta(days=BACK_DAYS)
    zones = sorted({(line[7], line[8]) for line in lines}, key=str)
    sites = sorted({lane.location_id: lane for rows_of in lanes.by_zone.values() for lane in rows_of}.items())
    last = max([today, *(d for c in stock for d in c.days), *(line[4] for line in lines)])
    days = min(MOST_DAYS, max(LEAST_DAYS, (last - today).days + 31))
    deliver, unit_cost, ship_cost = reach(lanes, now, [w for w, _lane in sites], zones, days)
    units = units_of(lines, zones, rules)
    frozen = {w: lanes.add_worked(lane.calendar_id, today, lane.release_window_days) for w, lane in sites}
    return Snapshot(
        seen, today, tuple(units), tuple(Row(*row) for row in rows), tuple(stock), tuple(w for w, _lane in sites), tuple(zones),
        deliver, unit_cost, ship_cost, tuple(lane.capacity for _w, lane in sites), frozen, digests(lines, rows),
    )  # fmt: skip


def units_of(lines: list[Any], zones: list[tuple[str, int | None]], rules: Rules) -> list[Unit]:
    """The units in rank order."""
    zone_at = {zone: n for n, zone in enumerate(zones)}
    grouped: dict[tuple[int, str], list[Any]] = {}
    for line in lines:
        for kind, quantity in (("plan", line[15] if line[1] == "approved" else 0), ("claim", line[16] if line[10] else 0)):
            if quantity > 0:
                grouped.setdefault((line[0], kind), []).append((line, quantity))
    made = []
    for (order_id, kind), parts in grouped.items():
        first = parts[0][0]
        standing = Standing(order_id, kind == "plan", first[2], first[3], first[4], min(line[14] for line, _q in parts))
        made.append(Unit(
            standing, kind, zone_at[first[7], first[8]], first[5], first[6], rules.strategy(first[2]) == "skip",
            tuple(UnitLine(line[11], line[12], quantity, line[13]) for line, quantity in parts),
        ))  # fmt: skip
    return sorted(made, key=lambda u: rank_key(rules, u.standing))


def reach(lanes: Network, now: datetime, sites: list[int], zones: list[tuple[str, int | None]], days: int) -> tuple[Any, Any, Any]:
    """Arrival days [site][zone][day] counted from today (−1 no lane), unit and shipment costs [site][zone]."""
    deliver = np.full((len(sites), len(zones), days), -1, np.int64)
    unit_cost, ship_cost = (np.zeros((len(sites), len(zones)), np.int64) for _n in range(2))
    for z, (zone, receiving) in enumerate(zones):
        for lane in lanes.by_zone.get(zone, ()):
            at = sites.index(lane.location_id)
            arrival, _latest = lanes.table(lane, receiving, days + BACK_DAYS)
            column = np.array(arrival[BACK_DAYS:], np.int64) - BACK_DAYS
            first = min(days - 1, max(0, (lanes.earliest_ship(lane, now) - lanes.first).days - BACK_DAYS))
            column[:first] = column[first]
            deliver[at, z], unit_cost[at, z], ship_cost[at, z] = column, lane.unit_cost, lane.shipment_cost
    return deliver, unit_cost, ship_cost
