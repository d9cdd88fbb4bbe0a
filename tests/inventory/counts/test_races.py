"""A count against allocations and shipments, and two who post one sheet. Each with its red control."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.utils import timezone

from inventory.counts.services import Scope, key_counts, open_sheet, post_sheet, posting
from inventory.models import Balance, CountSheet
from oms.events.models import Event
from oms.events.verification import verify
from orders.fulfilment.services import facts, release, ship
from tests.orders.fulfilment.test_facts import order, released
from tests.orders.test_races import errors, quicker
from tests.racing import deadlocks, race, unlocked
from tests.world import World


@pytest.fixture
def world(live_db: str) -> World:
    """The small company in a database of its own, committed."""
    return World.make()


def counted(world: World, units: int) -> CountSheet:
    """A sheet on which so many A were counted in LYON."""
    made = open_sheet(world.lyon, Scope(), by=world.warehouse)
    key_counts(made.pk, {made.lines.get(product=world.products["A"]).pk: units}, timezone.now(), by=world.warehouse)
    return made


def held(world: World) -> tuple[int, int]:
    b = Balance.objects.get(product=world.products["A"], location_id=world.lyon)
    return b.on_hand, b.allocated


def sound() -> None:
    assert [(o.code, o.rows) for room in ("stock", "counts", "planning", "fulfilment") for o in verify(room) if o.rows] == []


def two_post(world: World, superuser: Any) -> list[str]:
    made = counted(world, 93)
    hold = ("SELECT FROM inventory_countsheet FOR UPDATE",)
    return errors(race(superuser, hold, [lambda: post_sheet(made.pk, by=world.warehouse)] * 2))


def test_two_who_post_a_sheet_post_it_once(world: World, superuser: Any) -> None:
    assert two_post(world, superuser) == ["illegal_transition"]
    assert held(world) == (93, 0) and Event.objects.filter(name="count.posted").count() == 1
    sound()


def test_without_the_lock_both_think_they_post_it_and_the_database_refuses_one(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(posting, "lock_sheet", lambda pk: CountSheet.objects.get(pk=pk))
    made = counted(world, 93)
    answers = race(superuser, ("SELECT FROM inventory_availability FOR UPDATE",), [lambda: post_sheet(made.pk, by=world.warehouse)] * 2)
    assert errors(answers) not in ([], ["illegal_transition"])
    assert held(world) == (93, 0) and Event.objects.filter(name="count.posted").count() == 1


def test_a_count_and_a_release_at_once_hold_no_more_than_was_counted(world: World, superuser: Any) -> None:
    made, sheet = order(world, 45), counted(world, 20)
    works = [lambda: release([made.pk], by=world.manager, early=True), lambda: post_sheet(sheet.pk, by=world.warehouse)]
    refused = errors(race(superuser, ("SELECT FROM inventory_availability FOR UPDATE",), works))
    assert set(refused) <= {"short"}
    on_hand, allocated = held(world)
    assert on_hand == 20 and allocated <= 20 and allocated == made.lines.get().quantity_allocated
    assert deadlocks(superuser) == 0
    sound()


def count_and_ship(world: World, superuser: Any) -> tuple[int, int]:
    """(units that left, deadlocks) when a count misses ten of thirty the moment before they leave."""
    made, shipment = released(world, 30)
    sheet = counted(world, 20)
    quicker(superuser, "deadlock_timeout", "50ms")

    def leaves() -> Any:
        time.sleep(0.5)  # the count stands in the queue first
        return ship(shipment.pk, by=world.warehouse)

    race(superuser, ("SELECT FROM inventory_balance FOR UPDATE",), [lambda: post_sheet(sheet.pk, by=world.warehouse), leaves])
    return made.lines.get().quantity_shipped, deadlocks(superuser)


def test_what_was_not_found_does_not_leave(world: World, superuser: Any) -> None:
    assert count_and_ship(world, superuser) == (20, 0)
    assert held(world) == (0, 0)
    sound()


def test_a_count_that_locks_stock_before_orders_deadlocks(world: World, superuser: Any, monkeypatch: Any) -> None:
    unlocked(monkeypatch, facts)
    monkeypatch.setattr(facts, "lock_work", lambda *a: [])
    assert count_and_ship(world, superuser)[1] > 0
