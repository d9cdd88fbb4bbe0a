"""Reads of fulfilment: shipments a person works on, orders that wait for release."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from inventory.catalog.models import LocationStaff, StorageLocation
from oms.accounts.choices import Role
from orders.book.models import Order
from orders.book.selectors import visible_orders
from orders.fulfilment.models import Discrepancy, PutBack, Shipment, ShipmentLine, Wave, WaveTime
from orders.planning.models import ScheduleLine
from orders.planning.selectors import by_rank, due_at

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


def due_orders(location: StorageLocation, now: datetime) -> list[int]:
    """Orders with something to ship from a location within its release window, in rank order."""
    return list(dict.fromkeys(d.order_id for d in due_at(location.pk, location.calendar_id, location.release_window_days, now)))


def locations_of(user: Any) -> QuerySet[StorageLocation]:
    """The active locations `user` works at; all for managers."""
    rows = StorageLocation.objects.filter(active=True).order_by("name")
    if user.is_system or Role.MANAGER in user.roles:
        return rows
    return rows.filter(pk__in=LocationStaff.objects.filter(user_id=user.pk).values("location_id"))


def visible_waves(user: Any) -> QuerySet[Wave]:
    """The waves of the locations `user` works at, the latest first, with how far their shipments are."""
    gone = Q(shipments__shipped_at__isnull=False)
    live = ~Q(shipments__status="cancelled")
    return (
        Wave.objects.filter(location__in=locations_of(user)).select_related("location")
        .annotate(total=Count("shipments", filter=live), ready=Count("shipments", filter=Q(shipments__status="packed")),
                  picked=Count("shipments", filter=Q(shipments__status="picked")), gone=Count("shipments", filter=gone))
        .order_by("-at", "-pk")
    )  # fmt: skip


@dataclass(frozen=True)
class WaveWork:
    """What waits at a location for its next wave: orders, plan lines and units due, and the timetable's next time today."""

    location: StorageLocation
    orders: int
    lines: int
    units: int
    next_at: time | None
    filling: Wave | None


def wave_work(user: Any, now: datetime) -> list[WaveWork]:
    """What a wave would look at, location by location; held orders and empty shelves are known when it is filled."""
    found = []
    times = WaveTime.objects.filter(active=True).order_by("at")
    filling = {w.location_id: w for w in Wave.objects.filter(filled_at=None)}
    for location in locations_of(user):
        due = due_at(location.pk, location.calendar_id, location.release_window_days, now)
        local = now.astimezone(ZoneInfo(location.timezone)).time()
        later = next((t.at for t in times if t.location_id == location.pk and t.at > local), None)
        found.append(WaveWork(location, len({d.order_id for d in due}), len(due), sum(d.quantity for d in due), later, filling.get(location.pk)))
    return found


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


def to_put_back(user: Any) -> QuerySet[PutBack]:
    """Goods that wait to be put back at the locations `user` works at, in the order one walks; not what was freed some other way."""
    rows = PutBack.objects.filter(quantity__gt=F("done") + F("kept"), location__in=locations_of(user), balance__blocked__gt=0)
    return rows.select_related("balance__product", "location", "order", "shipment").order_by("location__name", "balance__bin", "balance__product__sku", "pk")


@dataclass(frozen=True)
class Take:
    """What a wave takes from one place: units in all, and how much for which shipment."""

    bin: str
    sku: str
    name: str
    lot: str
    quantity: int
    parts: list[tuple[str, int]]


def to_pick_of_wave(wave: Wave) -> list[Take]:
    """What of a wave is still on the shelf, place by place, in the order one walks; one statement."""
    lines = ShipmentLine.objects.filter(shipment__wave=wave, shipment__status__in=("released", "picking"), posted=False)
    taken: dict[tuple[str, str, str, int], Take] = {}
    for line in lines.select_related("product", "shipment", "allocation__balance").order_by("shipment__number", "pk"):
        balance = line.allocation.balance
        left = line.quantity - line.in_cart
        if left:
            key = (balance.bin, line.product.sku, balance.lot, balance.pk)
            before = taken.get(key)
            parts = [*(before.parts if before else []), (line.shipment.number, left)]
            taken[key] = Take(balance.bin, line.product.sku, line.product.name, balance.lot, (before.quantity if before else 0) + left, parts)
    return [taken[key] for key in sorted(taken)]
