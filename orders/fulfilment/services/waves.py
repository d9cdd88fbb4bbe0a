"""Waves: what a location releases together, by its timetable or by hand, in batches that each stand by themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from inventory.catalog.models import StorageLocation
from oms.accounts.policies import authorize
from oms.events.services import current, new_ids, use_case
from oms.jobs.services import enqueue
from oms.kernel.errors import Conflict, NotFound
from orders.fulfilment.models import Wave, WaveTime
from orders.fulfilment.selectors import due_orders
from orders.fulfilment.services.shipping import MAX_ORDERS, release
from orders.planning.selectors import network

FILL = "fulfilment.fill_wave"


@use_case("fulfilment.open_wave")
def open_wave(location_id: int, *, by: Any, due_at: time | None = None, at: datetime | None = None) -> Wave:
    """Begin a wave at a location; the worker fills it. `due_at`: the time of its timetable, once a day.

    Raises NotFound, Forbidden (another location), Conflict `wave_open` while one is being filled, `wave_of_day` for a time that had its wave.
    """
    location = StorageLocation.objects.select_for_update(of=("self",), no_key=True).filter(pk=location_id, active=True).first()
    if location is None:
        raise NotFound(_("There is no such location."), code="location_missing")
    authorize(by, "fulfilment.open_wave", Wave(location=location))
    running = Wave.objects.filter(location=location, filled_at=None).first()
    if running is not None:
        raise Conflict(_("Wave %(number)s is being filled.") % {"number": running}, code="wave_open", clears=_("It is done in a moment."))
    cmd, (pk,) = current(), new_ids("orders_wave")
    event = cmd.event("wave.opened", [("wave", pk), ("location", location.pk)], {"wave": pk, "location": location.pk})
    day = cmd.at.astimezone(ZoneInfo(location.timezone)).date()
    try:
        wave = Wave.objects.create(pk=pk, number=f"W{pk:06d}", location=location, day=day, due_at=due_at, at=cmd.at, event_id=event)
    except IntegrityError as error:
        raise Conflict(_("This wave was released today."), code="wave_of_day") from error
    enqueue(FILL, str(pk), by=by, params={"wave": pk})
    return wave


def fill_wave(wave_id: int, progress: Callable[[int, int], None], *, by: Any) -> int:
    """Release all that is due at the wave's location, in rank order and batches; killed, it goes on with what is left. Shipments made."""
    wave = Wave.objects.select_related("location").get(pk=wave_id)
    if wave.filled_at is not None:
        return 0
    orders = due_orders(wave.location, timezone.now())
    made = 0
    for n in range(0, len(orders), MAX_ORDERS):
        made += len(release(orders[n : n + MAX_ORDERS], by=by, wave=wave))
        progress(min(n + MAX_ORDERS, len(orders)), len(orders))
    close_wave(wave_id, by=by)
    return made


@use_case("fulfilment.close_wave")
def close_wave(wave_id: int, *, by: Any, at: datetime | None = None) -> None:
    """All that was due is with the warehouse."""
    authorize(by, "orders.release")
    cmd = current()
    wave = Wave.objects.select_for_update(of=("self",), no_key=True).get(pk=wave_id)
    if wave.filled_at is None:
        made = wave.shipments.count()
        cmd.event("wave.filled", [("wave", wave.pk), ("location", wave.location_id)], {"wave": wave.pk, "shipments": made})
        Wave.objects.filter(pk=wave.pk).update(filled_at=cmd.at, shipments_made=made)


def waves_due(now: datetime) -> list[tuple[int, time]]:
    """(location, time) of the timetable that have passed on a working day and had no wave yet; the latest of a location only."""
    due: dict[int, time] = {}
    days = network()
    for slot in WaveTime.objects.filter(active=True, location__active=True).select_related("location").order_by("location_id", "at"):
        local = now.astimezone(ZoneInfo(slot.location.timezone))
        if slot.at <= local.time() and days.worked(slot.location.calendar_id, local.date()):
            due[slot.location_id] = slot.at
    had = set(Wave.objects.filter(location_id__in=due, at__gt=now - timedelta(days=2)).values_list("location_id", "day", "due_at"))
    zones = {x.pk: ZoneInfo(x.timezone) for x in StorageLocation.objects.filter(pk__in=due)}
    return [(location, at) for location, at in due.items() if (location, now.astimezone(zones[location]).date(), at) not in had]
