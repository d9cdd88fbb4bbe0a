"""Facts against releases and each other: nothing is held that is not there, nobody deadlocks. With a red control."""

from __future__ import annotations

import time
from typing import Any

import pytest

from inventory.models import Balance
from inventory.stock.services import Change
from orders.fulfilment.services import Adjusted, facts, post_fact, release, ship
from orders.models import Shipment
from tests.orders.fulfilment.test_facts import order, released
from tests.orders.test_races import errors, quicker
from tests.racing import at_once, deadlocks, race, unlocked
from tests.world import World

DOCUMENTS = ("SELECT FROM orders_order FOR UPDATE",)


@pytest.fixture
def world(live_db: str) -> World:
    """The small company in a database of its own, committed."""
    return World.make()


def lose(world: World, units: int) -> Any:
    return post_fact(Adjusted(world.lyon, [Change(world.products["A"].pk, "", "", -units)], "loss"), by=world.warehouse)


def held(world: World) -> tuple[int, int]:
    b = Balance.objects.get(product=world.products["A"], location_id=world.lyon)
    return b.on_hand, b.allocated


def two_lose(world: World, superuser: Any) -> tuple[int, int, int, int, list[Any]]:
    """(on hand, allocated, line's allocated, units in shipments, refusals) after two losses of 45 under an order of 30."""
    made, _shipment = released(world, 30)
    answers = race(superuser, DOCUMENTS, [lambda: lose(world, 45)] * 2)
    units = sum(x.quantity for s in Shipment.objects.exclude(status="cancelled") for x in s.lines.all())
    return *held(world), made.lines.get().quantity_allocated, units, errors(answers)


def test_two_facts_at_once_release_what_is_gone_once(world: World, superuser: Any) -> None:
    assert two_lose(world, superuser) == (10, 10, 10, 10, [])
    assert deadlocks(superuser) == 0


def lose_and_ship(world: World, superuser: Any) -> tuple[int, int, int]:
    """(on hand, shipped, deadlocks) when the goods of a shipment are lost the moment before they leave."""
    made, shipment = released(world, 30)
    quicker(superuser, "deadlock_timeout", "50ms")

    def leaves() -> Any:
        time.sleep(0.5)  # the fact stands in the queue first
        return ship(shipment.pk, by=world.warehouse)

    race(superuser, ("SELECT FROM inventory_balance FOR UPDATE",), [lambda: lose(world, 80), leaves])
    return held(world)[0], made.lines.get().quantity_shipped, deadlocks(superuser)


def test_a_fact_locks_orders_before_stock_so_that_nobody_waits_for_each_other(world: World, superuser: Any) -> None:
    assert lose_and_ship(world, superuser) == (0, 20, 0)


def test_locking_stock_first_deadlocks(world: World, superuser: Any, monkeypatch: Any) -> None:
    unlocked(monkeypatch, facts)
    monkeypatch.setattr(facts, "lock_work", lambda *a: [])
    assert lose_and_ship(world, superuser)[2] > 0


def test_facts_and_releases_at_once_never_deadlock_and_never_hold_what_is_not_there(world: World, superuser: Any) -> None:
    orders = [order(world, 12).pk for _n in range(5)]
    works = [*[lambda i=i: release([i], by=world.manager, early=True) for i in orders], *[lambda: lose(world, 20)] * 4]
    refused = errors(at_once(works))
    assert set(refused) <= {"short", "busy"}
    on_hand, allocated = held(world)
    assert on_hand == 100 - 20 * 4 and 0 <= allocated <= on_hand
    assert deadlocks(superuser) == 0
