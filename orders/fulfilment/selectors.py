"""Reads of fulfilment: shipments a person works on, orders that wait for release."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet, Sum

from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from orders.book.models import Order
from orders.book.selectors import visible_orders
from orders.fulfilment.models import Shipment
from orders.planning.models import ScheduleLine

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
    return (
        visible_orders(user)
        .filter(status="approved")
        .annotate(planned=Exists(live))
        .filter(planned=True)
        .select_related("customer")
        .order_by("customer_class", "criticality", "requested_date", F("approved_at").asc(), "pk")
    )
