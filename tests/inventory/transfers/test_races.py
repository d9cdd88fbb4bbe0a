"""Two people at one transfer, and two who want the last units. Each with its red control."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.models import Transfer, TransferLine
from inventory.transfers.services import Sent, facts, requests, ship_transfer
from oms.events.verification import verify
from orders.fulfilment.services import release
from tests.inventory.transfers.test_services import asked, came, line, on_hand, sent
from tests.orders.fulfilment.test_facts import order
from tests.orders.test_races import errors
from tests.racing import deadlocks, race
from tests.world import World

TRANSFER = ("SELECT FROM inventory_transfer FOR UPDATE", "SELECT FROM inventory_transferline FOR UPDATE")
CELLS = ("SELECT FROM inventory_availability FOR UPDATE",)


@pytest.fixture
def world(live_db: str) -> World:
    """The small company in a database of its own, committed."""
    return World.make()


def two_receive(world: World, superuser: Any) -> list[str]:
    """Refusals when two people receive ten units each of thirty at once."""
    made = sent(world, 30)
    return errors(race(superuser, TRANSFER, [lambda: came(world, made, 10)] * 2))


def test_two_receive_at_once_and_both_are_counted(world: World, superuser: Any) -> None:
    assert two_receive(world, superuser) == []
    assert (line(Transfer.objects.get()), on_hand(world)) == ((30, 20, 0, 0, 10), (70, 70))


def test_without_the_lock_the_second_forgets_the_first_and_the_database_refuses_it(
    world: World, superuser: Any, monkeypatch: Any
) -> None:
    def unlocked(transfer_id: int) -> Any:
        lines = TransferLine.objects.filter(transfer_id=transfer_id)
        return Transfer.objects.get(pk=transfer_id), {x.product_id: x for x in lines}

    monkeypatch.setattr(facts, "lock_transfer", unlocked)
    made = sent(world, 30)
    answers = race(superuser, CELLS, [lambda: came(world, made, 10)] * 2)
    assert len(errors(answers)) == 1
    assert line(Transfer.objects.get())[1] == 10


def two_ask(world: World, superuser: Any) -> list[str]:
    """Refusals when two ask for sixty of a hundred at once."""
    return errors(race(superuser, CELLS, [lambda: asked(world, 60)] * 2))


def test_the_last_units_are_asked_for_once(world: World, superuser: Any) -> None:
    assert two_ask(world, superuser) == ["short"]
    assert Transfer.objects.count() == 1


def test_without_the_booking_both_get_them(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(requests, "book_by_day", lambda rows: None)
    assert two_ask(world, superuser) == []
    assert [o.code for o in verify("planning") if o.rows] == ["I30"]


def test_goods_that_leave_for_elsewhere_are_not_released_to_an_order(world: World, superuser: Any) -> None:
    """A transfer takes ninety while an order of thirty is released: whoever is later gets what is left, nobody deadlocks."""
    made, transfer = order(world, 30), asked(world, 40)
    works = [
        lambda: release([made.pk], by=world.manager, early=True),
        lambda: ship_transfer(transfer.pk, [Sent(world.products["A"].pk, 90)], by=world.warehouse),
    ]
    assert set(errors(race(superuser, CELLS, works))) <= {"short"}
    held = made.lines.get().quantity_allocated
    assert on_hand(world)[0] == 10 and held <= 10
    assert deadlocks(superuser) == 0
    assert [
        o.code for room in ("stock", "transfers", "planning", "fulfilment") for o in verify(room) if o.rows
    ] == []
