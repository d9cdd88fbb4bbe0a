"""The warehouse's steps: picked, picked short, packed; failed, lost, back, assumed, corrected, reversed. And what must not happen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection

from inventory.models import Availability, Balance, Movement, Product
from inventory.stock.services import release_block
from oms.changes.services import confirm
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid, OMSError
from orders.fulfilment.services import (
    assume_delivered,
    cancel_shipment,
    correct_delivery,
    deliver,
    delivery_failed,
    delivery_return,
    due_to_assume,
    lost,
    pack,
    pick,
    pick_short,
    release,
    reverse_shipment,
    ship,
)
from orders.invoicing.services import finished, propose_cancel_invoice
from orders.models import Allocation, Arrival, Lane, Order, OrderLine, Promise, ScheduleLine, Shipment
from payments.models import CreditAccount, Invoice
from tests.orders.fulfilment.test_facts import released
from tests.world import World


def stock(world: World) -> tuple[int, int, int, int]:
    """(on hand, allocated, blocked, free) of A in LYON."""
    b = Balance.objects.get(product=world.products["A"], location_id=world.lyon)
    return b.on_hand, b.allocated, b.blocked, Availability.objects.get(product=world.products["A"], location_id=world.lyon).free[-1]


def refused(error: type[OMSError], what: Callable[[], Any]) -> Any:
    """The refusal; shipments, lines and stock are as before."""
    def picture() -> list[Any]:
        return [list(m.objects.order_by("pk").values()) for m in (Shipment, OrderLine, Balance, Allocation, Arrival)]

    before = picture()
    with pytest.raises(error) as found:
        what()
    assert picture() == before
    return found.value


def shipped(world: World, quantity: int = 30) -> tuple[Order, Shipment]:
    made, shipment = released(world, quantity)
    ship(shipment.pk, by=world.warehouse)
    return made, Shipment.objects.get(pk=shipment.pk)


def status(shipment: Shipment) -> str:
    return str(Shipment.objects.values_list("status", flat=True).get(pk=shipment.pk))


def holds() -> None:
    connection.check_constraints()


# Picking


def test_units_are_picked_by_what_the_scanner_reads_until_all_are_in_the_cart(world: World) -> None:
    Product.objects.filter(sku="A").update(gtin="4006381333931")
    made, shipment = released(world, 30)
    pick(shipment.pk, "a", 12, by=world.warehouse)
    assert status(shipment) == "picking" and Allocation.objects.get().picked == 12
    assert refused(Invalid, lambda: pick(shipment.pk, "B", 1, by=world.warehouse)).code == "wrong_product"
    assert refused(Invalid, lambda: pick(shipment.pk, "", 1, by=world.warehouse)).code == "wrong_product"
    assert refused(Conflict, lambda: pick(shipment.pk, "A", 19, by=world.warehouse)).data["available"] == 18
    pick(shipment.pk, "4006381333931", 18, by=world.warehouse)
    assert status(shipment) == "picked"
    assert refused(Conflict, lambda: pick(shipment.pk, "A", 1, by=world.warehouse)).code == "illegal_transition"
    pack(shipment.pk, by=world.warehouse)
    assert status(shipment) == "packed" and stock(world) == (100, 30, 0, 70)
    ship(shipment.pk, by=world.warehouse)
    assert made.lines.get().quantity_shipped == 30 and stock(world) == (70, 0, 0, 70)
    holds()


def test_what_is_picked_short_stands_blocked_and_is_planned_from_elsewhere(world: World) -> None:
    made, shipment = released(world, 30)
    line = shipment.lines.get().pk
    pick(shipment.pk, "A", 22, by=world.warehouse)
    assert refused(Invalid, lambda: pick_short(shipment.pk, line, 8, " ", by=world.warehouse)).code == "reason_missing"
    assert refused(Conflict, lambda: pick_short(shipment.pk, line, 9, "broken", by=world.warehouse)).data["available"] == 8
    pick_short(shipment.pk, line, 8, "broken", by=world.warehouse)
    assert status(shipment) == "picked" and stock(world) == (100, 22, 8, 62)
    order_line = made.lines.get()
    assert (order_line.quantity_allocated, order_line.quantity_approved) == (22, 30)
    planned = ScheduleLine.objects.filter(line=order_line, version=made.live_plan.version)
    assert sum(planned.values_list("quantity", flat=True)) == 8
    ship(shipment.pk, by=world.warehouse)
    assert made.lines.get().quantity_shipped == 22
    holds()


def test_a_shipment_of_which_nothing_is_found_is_cancelled(world: World) -> None:
    made, shipment = released(world, 30)
    pick_short(shipment.pk, shipment.lines.get().pk, 30, "not_found", by=world.warehouse)
    assert status(shipment) == "cancelled" and made.lines.get().quantity_allocated == 0
    assert stock(world)[:3] == (100, 0, 30)
    holds()


def test_what_is_cancelled_after_picking_is_blocked_until_it_is_put_back(world: World) -> None:
    _made, shipment = released(world, 30)
    pick(shipment.pk, "A", 12, by=world.warehouse)
    cancel_shipment(shipment.pk, "truck full", by=world.warehouse)
    on_hand, allocated, blocked, free = stock(world)
    assert (on_hand, allocated, blocked) == (100, 0, 12) and Allocation.objects.values_list("released", "picked").get() == (30, 0)
    balance = Balance.objects.get(product=world.products["A"], location_id=world.lyon).pk
    release_block(balance, 12, "put back", by=world.warehouse)
    assert stock(world) == (100, 0, 0, free + 12)
    with pytest.raises(Conflict):
        release_block(balance, 1, "again", by=world.warehouse)
    holds()


# On the way


def test_a_failed_delivery_comes_back_blocked_and_reopens_no_room(world: World) -> None:
    made, shipment = shipped(world)
    assert refused(Conflict, lambda: delivery_return(shipment.pk, by=world.warehouse)).code == "not_failed"
    delivery_failed(shipment.pk, "nobody there", by=world.warehouse)
    line = shipment.lines.get().pk
    assert refused(Conflict, lambda: delivery_return(shipment.pk, {line: 31}, by=world.warehouse)).code == "above_transit"
    delivery_return(shipment.pk, {line: 10}, by=world.warehouse)
    assert status(shipment) == "failed"
    delivery_return(shipment.pk, by=world.warehouse)
    sums = made.lines.get()
    assert (sums.quantity_shipped, sums.quantity_undelivered, sums.quantity_delivered, sums.quantity_approved) == (30, 30, 0, 30)
    assert status(shipment) == "came_back" and stock(world) == (100, 0, 30, 70)
    assert release([made.pk], by=world.manager, early=True) == []
    assert Movement.objects.filter(kind="delivery_return").count() == 2
    holds()


def test_part_delivered_and_part_lost(world: World) -> None:
    made, shipment = shipped(world)
    lost(shipment.pk, "the truck burnt", by=world.warehouse)
    sums = made.lines.get()
    assert (sums.quantity_undelivered, sums.quantity_delivered, sums.in_transit) == (30, 0, 0)
    assert status(shipment) == "lost" and stock(world) == (70, 0, 0, 70)
    assert refused(Conflict, lambda: delivery_failed(shipment.pk, "x", by=world.warehouse)).code == "illegal_transition"
    holds()


def test_an_order_whose_goods_were_lost_is_completed_when_its_invoice_is_settled(world: World) -> None:
    made, shipment = shipped(world)
    drain_all()
    lost(shipment.pk, "the truck burnt", by=world.warehouse)
    assert finished(made.lines.get())


def test_delivery_is_assumed_n_days_after_the_planned_day_and_corrected(world: World) -> None:
    made, shipment = shipped(world)
    planned = date.today() - timedelta(days=3)
    Shipment.objects.filter(pk=shipment.pk).update(delivery_date=planned, shipped_at=shipment.shipped_at - timedelta(days=10))
    Lane.objects.update(assumed_after_days=4)
    assert due_to_assume(date.today()) == []
    Lane.objects.update(assumed_after_days=3)
    assert due_to_assume(date.today()) == [shipment.pk]
    assert assume_delivered(shipment.pk, by=world.system) is True
    assert assume_delivered(shipment.pk, by=world.system) is False
    assert Shipment.objects.values_list("status", "delivered_date", "delivery_proof").get() == ("delivered", planned, "assumed")
    with pytest.raises(Forbidden):
        assume_delivered(shipment.pk, by=world.warehouse)
    later = planned + timedelta(days=1)
    assert refused(Invalid, lambda: correct_delivery(shipment.pk, later, "assumed", by=world.warehouse)).code == "proof_missing"
    correct_delivery(shipment.pk, later, "carrier", by=world.warehouse)
    assert list(Arrival.objects.order_by("pk").values_list("quantity", "day", "proof")) == [
        (30, planned, "assumed"), (-30, planned, "assumed"), (30, later, "carrier"),
    ]  # fmt: skip
    assert made.lines.get().quantity_delivered == 30
    assert Promise.objects.filter(kind="actual").order_by("-pk").first().delivery_date == later
    assert refused(Conflict, lambda: correct_delivery(shipment.pk, later, "carrier", by=world.warehouse)).code == "not_assumed"
    holds()


def test_failed_and_lost_shipments_are_never_assumed(world: World) -> None:
    _one, failed = shipped(world, 10)
    _two, gone = shipped(world, 10)
    delivery_failed(failed.pk, "nobody there", by=world.warehouse)
    lost(gone.pk, "burnt", by=world.warehouse)
    assert due_to_assume(date.today() + timedelta(days=400)) == []
    assert assume_delivered(failed.pk, by=world.system) is False
    deliver(failed.pk, date.today() + timedelta(days=1), "carrier", by=world.warehouse)
    assert status(failed) == "delivered"


def test_goods_that_never_left_are_on_the_shelf_after_their_invoice_is_cancelled(world: World) -> None:
    made, shipment = shipped(world)
    drain_all()
    assert refused(Conflict, lambda: reverse_shipment(shipment.pk, "found on the dock", by=world.warehouse)).code == "invoiced"
    change = propose_cancel_invoice(Invoice.objects.get().pk, "never left", by=world.finance)
    confirm(change.pk, by=world.manager)
    reserved = CreditAccount.objects.get().reserved
    assert refused(Forbidden, lambda: reverse_shipment(shipment.pk, "x", by=world.sales)).code == "role"
    reverse_shipment(shipment.pk, "found on the dock", by=world.warehouse)
    sums = made.lines.get()
    assert (sums.quantity_shipped, sums.quantity_allocated, sums.quantity_approved, sums.quantity_invoiced) == (0, 0, 30, 0)
    assert status(shipment) == "reversed" and stock(world) == (100, 0, 0, 70)
    assert CreditAccount.objects.get().reserved == reserved
    (again,) = release([made.pk], by=world.manager, early=True)
    ship(again, by=world.warehouse)
    assert made.lines.get().quantity_shipped == 30 and stock(world) == (70, 0, 0, 70)
    holds()


def test_what_arrived_was_not_never_sent(world: World) -> None:
    _made, shipment = shipped(world)
    deliver(shipment.pk, date.today() + timedelta(days=1), "carrier", by=world.warehouse)
    assert refused(Conflict, lambda: reverse_shipment(shipment.pk, "x", by=world.warehouse)).code == "illegal_transition"
