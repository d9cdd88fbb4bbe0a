"""Reads of fulfilment: shipments a person works on, orders that wait for release."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Sum

from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from orders.book.models import Order
from orders.book.selectors import visible_orders
from orders.fulfilment.models import Discrepancy, Shipment
from orders.planning.models import ScheduleLine
from orders.planning.selectors import by_rank

AT_WORK = ("released", "picking", "picked", "packed")


def visible_shipments(user: Any) -> QuerySet[Shipment]:
    """Shipments of the orders `user` may see; warehouse staff: of their locations."""
    if Role.WAREHOUSE in user.roles and not {Role.MANAGER, Role.FINANCE}.intersection(user.roles):
        mine = LocationStaff.objects.filter(user_id=user.pk).values("location_id")
        return Shipment.objects.filter(location__in=mine)
    return Shipment.objects.filter(order__in=visible_orders(user))


def at_work(user: Any) -> QuerySet[Shipment]:
    """Shipments not yet gone, by ship day."""
    return (
        visible_shipments(user)
        .filter(status__in=AT_WORK)
        .select_related("order__customer", "order__ship_to", "location")
        .annotate(units=Sum("lines__quantity"))
        .order_by("planned_date", "pk")
    )


def backlog(user: Any) -> QuerySet[Order]:
    """Approved orders with planned goods, by rank: what a release would look at."""
    live = ScheduleLine.objects.filter(order=OuterRef("pk"), version=OuterRef("live_plan__version"), kind="plan")
    return by_rank(
        visible_orders(user).filter(status="approved").annotate(planned=Exists(live)).filter(planned=True).select_related("customer")
    )


def visible_discrepancies(user: Any) -> QuerySet[Discrepancy]:
    """Discrepancies `user` may see: of their locations for the warehouse, of the orders they see, all for managers and finance."""
    rows = Discrepancy.objects.select_related("product", "location", "order__customer", "balance")
    if Role.WAREHOUSE in user.roles and not {Role.MANAGER, Role.FINANCE}.intersection(user.roles):
        return rows.filter(location__in=LocationStaff.objects.filter(user_id=user.pk).values("location_id"))
    return rows if user.is_system or {Role.MANAGER, Role.FINANCE}.intersection(user.roles) else rows.filter(order__in=visible_orders(user))


def order_numbers(order_ids: Collection[int]) -> dict[int, str]:
    """Order id → number, by number. One statement."""
    return dict(Order.objects.filter(pk__in=list(order_ids)).order_by("number").values_list("pk", "number"))
