"""Goods between locations: booked where they lie, expected where they go, in neither on the way, and nothing gets lost unseen."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from inventory.models import (
    Availability,
    Balance,
    ExpectedReceipt,
    Movement,
    Route,
    Transfer,
    TransferPosting,
)
from inventory.stock.services import Received, close_receipt, expect_receipt, receive
from inventory.stock.services.receipts import move_receipt
from inventory.transfers.services import (
    Arrived,
    Sent,
    Wanted,
    cancel_transfer,
    close_transfer,
    correct_shipped,
    move_arrival,
    propose_give_up,
    receive_transfer,
    request_transfer,
    ship_transfer,
)
from oms.accounts.models import User
from oms.changes.services import confirm
from oms.events.verification import verify
from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from orders.models import ScheduleLine
from tests.orders.fulfilment.test_facts import order, released
from tests.world import World

FRIDAY, MONDAY = date(2026, 12, 4), date(2026, 12, 7)


def asked(world: World, units: int = 30, **more: Any) -> Transfer:
    """A transfer of A from LYON to TURIN."""
    return request_transfer(
        world.lyon, world.turin, [Wanted(world.products["A"].pk, units)], by=world.warehouse, **more
    )


def sent(world: World, units: int = 30, left: int | None = None) -> Transfer:
    made = asked(world, units)
    return ship_transfer(
        made.pk, [Sent(world.products["A"].pk, units if left is None else left)], by=world.warehouse
    )


def came(world: World, transfer: Transfer, units: int, **more: Any) -> Transfer:
    return receive_transfer(transfer.pk, [Arrived(world.products["A"].pk, units)], by=world.warehouse, **more)


def on_hand(world: World) -> tuple[int, int]:
    """A in (LYON, TURIN)."""
    rows = dict(Balance.objects.filter(product=world.products["A"]).values_list("location_id", "on_hand"))
    return rows[world.lyon], rows[world.turin]


def free(world: World, location: int) -> tuple[int, int]:
    """(free already, free in the end) of A."""
    cell = Availability.objects.get(product=world.products["A"], location_id=location)
    return cell.free[0], cell.free[-1]


def sound() -> None:
    """Every guard and every invariant holds now."""
    connection.check_constraints()
    wrong = [
        (o.code, o.rows)
        for room in ("stock", "transfers", "planning", "fulfilment")
        for o in verify(room)
        if o.rows
    ]
    assert not wrong, wrong


def line(transfer: Transfer) -> tuple[int, int, int, int, int]:
    """(shipped, received, lost, surplus, in transit) of the one line."""
    x = transfer.lines.get()
    return x.quantity_shipped, x.quantity_received, x.quantity_lost, x.quantity_surplus, x.in_transit


def test_asked_for_it_is_booked_at_the_source_and_expected_at_the_target(world: World) -> None:
    made = asked(world, 30)
    assert (made.status, on_hand(world)) == ("requested", (100, 50))
    assert (free(world, world.lyon), free(world, world.turin)) == ((70, 70), (50, 80))
    receipt = ExpectedReceipt.objects.get(reference=made.number)
    assert (receipt.kind, receipt.quantity, receipt.available_date) == ("transfer", 30, made.arrival_date)
    sound()


def test_the_way_takes_the_routes_days_to_a_working_day_of_the_target(world: World) -> None:
    assert asked(world, 1, ship_date=FRIDAY).arrival_date == MONDAY  # two days, where no route is kept
    Route.objects.create(source_id=world.lyon, target_id=world.turin, days=5)
    assert asked(world, 1, ship_date=FRIDAY).arrival_date == date(2026, 12, 9)


def test_what_the_source_has_promised_is_not_asked_for(world: World) -> None:
    order(world, 80)
    with pytest.raises(Conflict) as refused:
        asked(world, 30)
    assert refused.value.code == "short" and refused.value.data["rows"][0]["available"] == 20
    assert not Transfer.objects.exists() and free(world, world.lyon) == (20, 20)


def test_an_order_does_not_get_what_is_asked_for_elsewhere(world: World) -> None:
    asked(world, 90)
    made = order(world, 70)
    rows = ScheduleLine.objects.filter(order=made).values_list("location_id").annotate(units=Sum("quantity"))
    assert dict(rows)[world.lyon] <= 10
    sound()


@pytest.mark.parametrize(
    ("items", "code"),
    [([], "no_lines"), ([Wanted(1, 0)], "quantity_invalid"), ([Wanted(1, -4)], "quantity_invalid")],
)
def test_a_transfer_asks_for_something(world: World, items: list[Wanted], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        request_transfer(world.lyon, world.turin, items, by=world.warehouse)
    assert refused.value.code == code


def test_it_goes_from_one_place_to_another_and_does_not_arrive_before_it_leaves(world: World) -> None:
    item = [Wanted(world.products["A"].pk, 1)]
    with pytest.raises(Invalid, match="from one location to another"):
        request_transfer(world.lyon, world.lyon, item, by=world.warehouse)
    with pytest.raises(Invalid, match="before it leaves"):
        request_transfer(world.lyon, world.turin, item, by=world.warehouse, ship_date=MONDAY, arrives=FRIDAY)


def test_on_its_way_it_lies_in_neither_and_comes_in(world: World) -> None:
    made = sent(world, 30)
    assert (made.status, on_hand(world), line(made)) == ("in_transit", (70, 50), (30, 0, 0, 0, 30))
    assert (free(world, world.lyon), free(world, world.turin)) == ((70, 70), (50, 80))
    sound()
    assert came(world, made, 10).status == "in_transit"
    assert (on_hand(world), free(world, world.turin)) == ((70, 60), (60, 80))
    sound()
    assert came(world, made, 20).status == "done"
    assert (on_hand(world), line(made), free(world, world.turin)) == ((70, 80), (30, 30, 0, 0, 0), (80, 80))
    sound()


def test_what_did_not_leave_is_free_again_and_not_expected(world: World) -> None:
    made = sent(world, 30, left=12)
    assert (free(world, world.lyon), free(world, world.turin)) == ((88, 88), (50, 62))
    assert came(world, made, 12).status == "done"
    sound()


def test_the_same_message_moves_stock_once(world: World) -> None:
    made = asked(world, 30)
    for _n in range(2):
        ship_transfer(made.pk, [Sent(world.products["A"].pk, 30)], by=world.warehouse, source="S1")
    for _n in range(2):
        came(world, made, 30, source="R1")
    assert (on_hand(world), line(made)) == ((70, 80), (30, 30, 0, 0, 0))
    assert TransferPosting.objects.count() == 2


def test_orders_lose_what_left_with_a_transfer(world: World) -> None:
    made, _shipment = released(world, 30)
    transfer = asked(world, 70)
    ship_transfer(transfer.pk, [Sent(world.products["A"].pk, 90)], by=world.warehouse)
    assert on_hand(world) == (10, 50)
    assert made.lines.get().quantity_allocated == 10
    sound()


def test_more_leaves_than_the_books_have(world: World) -> None:
    transfer = asked(world, 10)
    ship_transfer(transfer.pk, [Sent(world.products["A"].pk, 130)], by=world.warehouse)
    assert on_hand(world) == (0, 50)
    assert list(Movement.objects.filter(location_id=world.lyon).order_by("pk").values_list("kind", "quantity"))[-2:] == [
        ("found", 30), ("transfer", -130),
    ]  # fmt: skip
    sound()


def test_another_product_than_asked_for_leaves_and_arrives(world: World) -> None:
    transfer = asked(world, 10)
    ship_transfer(transfer.pk, [Sent(world.products["B"].pk, 4)], by=world.warehouse)
    assert (
        receive_transfer(transfer.pk, [Arrived(world.products["B"].pk, 4)], by=world.warehouse).status
        == "done"
    )
    rows = transfer.lines.order_by("product__sku").values_list(
        "quantity_requested", "quantity_shipped", "quantity_received"
    )
    assert list(rows) == [(10, 0, 0), (0, 4, 4)]
    sound()


def test_goods_arrive_before_anybody_said_that_they_left(world: World) -> None:
    transfer = asked(world, 30)
    assert came(world, transfer, 30).status == "differs"
    assert (on_hand(world), line(transfer)[-1], free(world, world.turin)) == ((100, 80), -30, (80, 80))
    sound()
    ship_transfer(transfer.pk, [Sent(world.products["A"].pk, 30)], by=world.warehouse)
    transfer.refresh_from_db()
    assert (transfer.status, on_hand(world)) == ("done", (70, 80))
    sound()


def test_a_cancelled_transfer_gives_everything_back_and_still_takes_what_left(world: World) -> None:
    transfer = asked(world, 30)
    with pytest.raises(Invalid):
        cancel_transfer(transfer.pk, " ", by=world.manager)
    cancel_transfer(transfer.pk, "not needed", by=world.manager)
    assert (free(world, world.lyon), free(world, world.turin)) == ((100, 100), (50, 50))
    sound()
    assert (
        ship_transfer(transfer.pk, [Sent(world.products["A"].pk, 5)], by=world.warehouse).status
        == "in_transit"
    )
    with pytest.raises(Conflict) as refused:
        cancel_transfer(transfer.pk, "not needed", by=world.manager)
    assert refused.value.code == "illegal_transition"
    sound()


def test_a_later_arrival_takes_promises_away_and_an_earlier_one_gives_them_back(world: World) -> None:
    transfer, later = sent(world, 30), timezone.localdate() + timedelta(days=60)
    move_arrival(transfer.pk, later, "the truck is in the mountains", by=world.warehouse)
    cell = Availability.objects.get(product=world.products["A"], location_id=world.turin)
    assert cell.days[-1] == later
    with pytest.raises(Invalid):
        move_arrival(transfer.pk, later, "", by=world.warehouse)
    sound()


def test_a_transfers_receipt_changes_on_its_transfer_only(world: World) -> None:
    transfer = sent(world, 30)
    receipt, product = ExpectedReceipt.objects.get(reference=transfer.number), world.products["A"].pk
    for change in (
        lambda: receive(world.turin, [Received(product, 5, receipt.pk)], source="X", by=world.warehouse),
        lambda: close_receipt(receipt.pk, "no", by=world.warehouse),
        lambda: move_receipt(receipt.pk, MONDAY, "no", by=world.warehouse),
        lambda: expect_receipt(product, world.turin, transfer.number, MONDAY, 5, by=world.warehouse),
    ):
        with pytest.raises(Conflict) as refused:
            change()
        assert refused.value.code == "receipt_of_transfer"


# What differs


def test_what_does_not_come_is_a_difference_and_is_not_promised_from(world: World) -> None:
    transfer = sent(world, 30)
    came(world, transfer, 25)
    assert close_transfer(transfer.pk, by=world.warehouse).status == "differs"
    assert (line(transfer)[-1], free(world, world.turin)) == (5, (75, 75))
    sound()
    assert came(world, transfer, 5).status == "done"  # found in the truck
    sound()


def test_the_source_finds_what_never_left(world: World) -> None:
    transfer = sent(world, 30)
    came(world, transfer, 25, last=True)
    with pytest.raises(Conflict) as refused:
        correct_shipped(transfer.pk, world.products["A"].pk, -6, by=world.warehouse)
    assert refused.value.code == "above_difference"
    with pytest.raises(Conflict):
        correct_shipped(transfer.pk, world.products["A"].pk, 1, by=world.warehouse)
    assert correct_shipped(transfer.pk, world.products["A"].pk, -5, by=world.warehouse).status == "done"
    assert (on_hand(world), line(transfer)) == ((75, 75), (25, 25, 0, 0, 0))
    sound()


def test_more_comes_in_than_left_and_the_source_says_so(world: World) -> None:
    transfer = sent(world, 30)
    assert came(world, transfer, 33).status == "differs"
    assert (on_hand(world), line(transfer)[-1]) == ((70, 83), -3)
    sound()
    assert correct_shipped(transfer.pk, world.products["A"].pk, 3, by=world.warehouse).status == "done"
    assert on_hand(world) == (67, 83)
    sound()


@pytest.mark.parametrize(("arrived", "line_after"), [(24, (30, 24, 6, 0, 0)), (31, (30, 31, 0, 1, 0))])
def test_two_persons_give_a_difference_up(world: World, arrived: int, line_after: tuple[int, ...]) -> None:
    transfer = sent(world, 30)
    came(world, transfer, arrived, last=True)
    change = propose_give_up(transfer.pk, "fell off the truck", by=world.warehouse)
    assert change.amount == abs(30 - arrived) * 5
    with pytest.raises(Forbidden):
        confirm(change.pk, by=world.warehouse)
    confirm(change.pk, by=world.finance)
    transfer.refresh_from_db()
    assert (transfer.status, line(transfer), on_hand(world)) == ("done", line_after, (70, 50 + arrived))
    posting = TransferPosting.objects.latest("pk")
    assert (posting.proposed_by, posting.by) == (world.warehouse, world.finance)
    sound()


def test_a_difference_that_changed_is_not_given_up(world: World) -> None:
    transfer = sent(world, 30)
    came(world, transfer, 24, last=True)
    change = propose_give_up(transfer.pk, "fell off the truck", by=world.warehouse)
    came(world, transfer, 2)
    with pytest.raises(Stale):
        confirm(change.pk, by=world.finance)
    with pytest.raises(Conflict):
        propose_give_up(came(world, transfer, 4).pk, "nothing", by=world.warehouse)


# Who may


def test_each_end_is_moved_by_its_own_people(world: World, tina: User) -> None:
    transfer, product = asked(world, 30), world.products["A"].pk
    with pytest.raises(Forbidden):
        ship_transfer(transfer.pk, [Sent(product, 30)], by=tina)
    ship_transfer(transfer.pk, [Sent(product, 30)], by=world.warehouse)
    assert receive_transfer(transfer.pk, [Arrived(product, 30)], by=tina).status == "done"
    for who in (world.manager, world.sales, world.finance):
        with pytest.raises(Forbidden):
            ship_transfer(transfer.pk, [Sent(product, 1)], by=who)
        with pytest.raises(Forbidden):
            receive_transfer(transfer.pk, [Arrived(product, 1)], by=who)
    for who in (world.sales, world.partner, world.finance):
        with pytest.raises(Forbidden):
            request_transfer(world.lyon, world.turin, [Wanted(product, 1)], by=who)
