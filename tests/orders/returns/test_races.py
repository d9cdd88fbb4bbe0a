"""Two at once on one return. Each race has its red control: without locks the sums refuse it, without those it counts twice."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError

from inventory.models import Balance
from orders.book.models import OrderLine
from orders.models import Discrepancy, ReturnLine, ReturnReceipt, ReturnSettlement
from orders.returns.models import Return
from orders.returns.services import (
    Came,
    Disposed,
    Item,
    Settled,
    authorise,
    receive_return,
    receiving,
    settle,
    settling,
)
from tests.orders.returns.test_services import asked, disposed, sold
from tests.orders.test_races import errors, gone
from tests.racing import race
from tests.world import World

DOCUMENTS = ("SELECT FROM orders_order FOR UPDATE", "SELECT FROM orders_orderline FOR UPDATE", "SELECT FROM orders_returnline FOR UPDATE")


@pytest.fixture
def world(live_db: str) -> World:
    """The small company in a database of its own, committed."""
    return World.make()


def read_only(return_id: int, shipments: bool = False) -> Any:
    """What `lock_return` reads, without locks."""
    lines = list(ReturnLine.objects.filter(returned_id=return_id).order_by("pk"))
    known = {x.pk: x for x in OrderLine.objects.filter(order_id__in={x.order_id for x in lines})}
    return Return.objects.get(pk=return_id), lines, known


def received_twice(world: World, superuser: Any, source: str | None) -> tuple[int, int, int, list[Any]]:
    """(returned, received, units in discrepancies, refusals) when the same 8 units are received twice at once."""
    order = sold(world)
    made, (line,) = asked(world, Item("A", 8, "damaged"))
    authorise(made.pk, None, by=world.approver)
    answers = race(superuser, DOCUMENTS, [lambda: receive_return(made.pk, {line: Came(8)}, by=world.warehouse, source=source)] * 2)
    beyond = sum(Discrepancy.objects.values_list("quantity", flat=True))
    return order.lines.get().quantity_returned, sum(ReturnReceipt.objects.values_list("quantity", flat=True)), beyond, errors(answers)


def test_one_fact_sent_twice_at_once_comes_in_once(world: World, superuser: Any) -> None:
    assert received_twice(world, superuser, "scan/1") == (8, 8, 0, [])
    assert Balance.objects.get(product=world.products["A"], location_id=world.lyon).blocked == 8


def test_two_facts_at_once_return_what_is_allowed_and_the_rest_is_a_discrepancy(world: World, superuser: Any) -> None:
    assert received_twice(world, superuser, None) == (8, 8, 8, [])


def test_without_locks_the_sums_refuse_the_second(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(receiving, "lock_return", read_only)
    returned, receipts, beyond, refused = received_twice(world, superuser, None)
    assert (returned, receipts, beyond, len(refused)) == (8, 8, 0, 1)
    assert isinstance(refused[0], IntegrityError)


def test_without_locks_and_sums_more_is_returned_than_was_allowed(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(receiving, "lock_return", read_only)
    gone(superuser, *(f"ALTER TABLE {table} DISABLE TRIGGER USER" for table in
                      ("orders_orderline", "orders_shipmentline", "orders_returnreceipt", "inventory_movement")))  # fmt: skip
    assert received_twice(world, superuser, None) == (16, 16, 0, [])


def settled_twice(world: World, superuser: Any) -> tuple[int, list[Any]]:
    """(settlements, refusals) when finance settles one return in two tabs at once."""
    sold(world)
    made, line = disposed(world, Disposed(restock=8), quantity=8)
    answers = race(superuser, DOCUMENTS, [lambda: settle(made.pk, {line: Settled("credit")}, by=world.finance)] * 2)
    return ReturnSettlement.objects.count(), errors(answers)


def test_two_tabs_settle_a_return_once(world: World, superuser: Any) -> None:
    assert settled_twice(world, superuser) == (1, ["illegal_transition"])


def test_without_locks_and_walls_it_is_settled_twice(world: World, superuser: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(settling, "lock_return", read_only)
    gone(superuser, "DROP TRIGGER return_status_edge ON orders_returnline")
    gone(superuser, "ALTER TABLE orders_returnsettlement DROP CONSTRAINT orders_returnsettlement_return_line_id_key")
    assert settled_twice(world, superuser) == (2, [])
