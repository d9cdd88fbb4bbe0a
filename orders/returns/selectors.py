"""Reads of returns: who sees which, and what may still come back."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection
from django.db.models import Count, F, Min, Q, QuerySet, Sum

from customers.territory.selectors import customer_filter
from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from orders.returns.choices import OPEN, ReturnStatus, Settlement
from orders.returns.domain import Source
from orders.returns.models import Return, ReturnLine, ReturnSettlement

RETURNABLE = """
SELECT sl.id, sl.order_id, sl.line_id, sl.product_id, s.location_id,
       (sl.quantity - sl.undelivered - sl.returned - coalesce(r.expected, 0))::bigint
FROM orders_shipmentline sl JOIN orders_shipment s ON s.id = sl.shipment_id JOIN orders_order o ON o.id = sl.order_id
LEFT JOIN LATERAL (
    SELECT sum(CASE WHEN rl.status = 'requested' THEN rl.quantity_requested ELSE rl.quantity_authorised - rl.quantity_received END) AS expected
    FROM orders_returnline rl
    WHERE rl.shipment_line_id = sl.id AND rl.status IN ('requested', 'authorised', 'in_transit', 'received')
) r ON true
WHERE sl.posted AND o.customer_id = %(customer)s
  AND (%(products)s::bigint[] IS NULL OR sl.product_id = ANY(%(products)s)) AND (%(orders)s::bigint[] IS NULL OR sl.order_id = ANY(%(orders)s))
  AND sl.quantity > sl.undelivered + sl.returned + coalesce(r.expected, 0)
ORDER BY s.shipped_at DESC, sl.id DESC
"""


def returnable(
    customer_id: int, product_ids: Collection[int] | None = None, order_ids: Collection[int] | None = None
) -> list[Source]:
    """What the customer may still send back, the latest delivery first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(RETURNABLE, {
            "customer": customer_id, "products": None if product_ids is None else list(product_ids),
            "orders": None if order_ids is None else list(order_ids),
        })  # fmt: skip
        return [Source(*row) for row in cursor.fetchall()]


def visible_returns(user: Any) -> QuerySet[Return]:
    """Returns of the customers `user` may see; warehouse staff: to their locations."""
    condition = customer_filter(user, prefix="customer")
    if Role.WAREHOUSE in user.roles:
        mine = LocationStaff.objects.filter(user_id=user.pk).values("location_id")
        condition |= Q(location__in=mine)
        return Return.objects.filter(pk__in=Return.objects.filter(condition).values("pk"))
    return Return.objects.filter(condition).distinct() if Role.PARTNER in user.roles else Return.objects.filter(condition)


def return_rows(user: Any) -> QuerySet[Return]:
    """Returns for a table, newest first: `units` asked for, `received`, and how many lines are open."""
    return (
        visible_returns(user)
        .select_related("customer", "location")
        .annotate(units=Sum("lines__quantity_requested"), received=Sum("lines__quantity_received"),
                  open_lines=Count("lines", filter=Q(lines__status__in=OPEN)))
        .prefetch_related("lines")
        .order_by("-pk")
    )  # fmt: skip


STEPS = list(ReturnStatus)
WAITS = {Role.APPROVER: ("requested",), Role.MANAGER: ("requested",), Role.WAREHOUSE: ("received", "inspected"),
         Role.FINANCE: ("dispositioned",)}  # fmt: skip


def state_of(returned: Return) -> ReturnStatus:
    """A return's word: the least advanced of its open lines, else the most advanced; `lines` prefetched."""
    states = [ReturnStatus(line.status) for line in returned.lines.all()]
    open_ones = [s for s in states if s in OPEN]
    return min(open_ones, key=STEPS.index) if open_ones else max(states, key=STEPS.index)


def waiting_returns(user: Any) -> QuerySet[Return]:
    """Returns of which a line waits for a step of the user's roles, the oldest first."""
    wanted = {status for role, statuses in WAITS.items() if role in user.roles for status in statuses}
    lines = ReturnLine.objects.filter(status__in=wanted)
    if "requested" in wanted:
        lines = lines.exclude(status="requested", requested_by_id=user.pk)
    return (
        visible_returns(user)
        .filter(pk__in=lines.values("returned_id"))
        .select_related("customer")
        .annotate(since=Min("lines__changed_at"))
        .order_by("since", "pk")
    )


def uncredited(order_ids: Collection[int]) -> list[int]:
    """Returns with goods of these orders that are settled and not credited yet."""
    rows = ReturnSettlement.objects.filter(
        return_line__order_id__in=order_ids, kind__in=[Settlement.CREDIT, Settlement.REFUND], credits__isnull=True, net__gt=F("fee")
    )
    return sorted(set(rows.values_list("return_line__returned_id", flat=True)))
