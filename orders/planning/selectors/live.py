"""What is planned and promised now."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from orders.planning.domain.ranking import Rules, Standing, rank_key
from orders.planning.models import Promise, ScheduleLine
from orders.planning.selectors.network import network
from orders.planning.selectors.rules import rules_now

# What the live plans date of each line: once for all of them, behind the index of what is planned.
PLANNED = """(
    SELECT s.line_id, sum(s.quantity) AS planned FROM orders_scheduleline s
    JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
    WHERE s.kind = 'plan' GROUP BY s.line_id
)"""
# Lines of which something is approved that neither left, nor is pinned, nor has a date.
UNDATED = f"""
SELECT line.id FROM orders_orderline line LEFT JOIN {PLANNED} p ON p.line_id = line.id
WHERE line.quantity_approved > line.quantity_shipped
  AND line.quantity_approved - line.quantity_shipped - line.quantity_allocated > coalesce(p.planned, 0)
"""


@dataclass(frozen=True)
class Due:
    """A live plan line that may be released: where, when, how much, for which order line."""

    schedule_id: int
    order_id: int
    line_id: int
    product_id: int
    location_id: int
    ship_date: date
    delivery_date: date
    quantity: int
    carrier: str


DUE = """
SELECT s.id, s.order_id, s.line_id, s.product_id, s.location_id, s.ship_date, s.delivery_date, s.quantity,
       coalesce(lane.carrier, ''), location.calendar_id, location.release_window_days,
       o.customer_class, o.criticality, o.requested_date, line.rank_date
FROM orders_scheduleline s
JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
JOIN orders_order o ON o.id = s.order_id
JOIN orders_orderline line ON line.id = s.line_id
JOIN inventory_storagelocation location ON location.id = s.location_id
JOIN customers_address a ON a.id = o.ship_to_id
LEFT JOIN orders_lane lane ON lane.location_id = s.location_id AND lane.transit_zone = a.transit_zone
WHERE s.kind = 'plan' AND o.status = 'approved' AND {where} AND location.active
ORDER BY s.ship_date, s.id
"""
OF_ORDERS, AT_LOCATION = "s.order_id = ANY(%(orders)s)", "s.location_id = %(location)s AND s.ship_date <= %(until)s"


def due_lines(order_ids: Collection[int], now: datetime, early: bool = False) -> list[Due]:
    """Plan lines of the orders that ship within their location's release window (`early`: all), in rank order."""
    with connection.cursor() as cursor:
        cursor.execute(DUE.format(where=OF_ORDERS), {"orders": list(order_ids)})
        rows = cursor.fetchall()
    return _ranked(rows, now, early)


def due_at(location_id: int, calendar_id: int | None, window: int, now: datetime) -> list[Due]:
    """Plan lines of all orders that ship from a location within its release window, in rank order."""
    until = network().add_worked(calendar_id, now.date(), window)
    with connection.cursor() as cursor:
        cursor.execute(DUE.format(where=AT_LOCATION), {"location": location_id, "until": until})
        return _ranked(cursor.fetchall(), now, early=True)


def _ranked(rows: list[Any], now: datetime, early: bool) -> list[Due]:
    lanes = network()
    until: dict[int, date] = {}
    due = []
    rules = rules_now() if rows else Rules()
    rows.sort(key=lambda row: rank_key(rules, Standing(row[1], True, *row[-4:])))
    for *fields, calendar_id, window, _class, _criticality, _requested, _rank_date in rows:
        line = Due(*fields)
        if line.location_id not in until:
            until[line.location_id] = lanes.add_worked(calendar_id, now.date(), window)
        if early or line.ship_date <= until[line.location_id]:
            due.append(line)
    return due


def live_lines(order_ids: Collection[int]) -> QuerySet[ScheduleLine]:
    """The live schedule lines of the orders, by line and ship date."""
    return (
        ScheduleLine.objects.filter(order_id__in=order_ids, version=F("order__live_plan__version"))
        .select_related("location")
        .order_by("line_id", "ship_date", "pk")
    )


def last_promises(line_ids: Collection[int]) -> dict[int, Promise]:
    """The promise that stands for each line: the latest of its first and current ones, else the quoted one."""
    rows = (
        Promise.objects.filter(line_id__in=line_ids)
        .exclude(kind="actual")
        .order_by("line_id", "-pk")
        .distinct("line_id")
    )
    return {promise.line_id: promise for promise in rows}
