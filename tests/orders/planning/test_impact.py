"""Who is touched: promises that hang on a receipt, a receipt that moves, orders that wait for another's claim."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from inventory.stock.domain import ALREADY, Cell
from inventory.stock.models import Availability, ExpectedReceipt
from inventory.stock.services.receipts import expect_receipt, move_receipt
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order
from orders.planning.domain.hanging import uncovered, without
from orders.planning.selectors.impact import hanging_on, impacts_of
from orders.planning.services.claims import end_claim
from tests.world import World

SOON = date.today() + timedelta(days=20)
FAR = date.today() + timedelta(days=60)


def order(world: World, sku: str, quantity: int, on: date = FAR, extra: int = 0) -> Order:
    lines = [LineRequest(sku, Decimal(quantity))] + ([LineRequest("A", Decimal(extra))] if extra else [])
    request = EntryRequest("ACME", tuple(lines), "web", requested_date=on)
    return Order.objects.get(number=submit(request, by=world.sales).number)


def test_what_is_not_covered_is_taken_from_the_lowest_rank() -> None:
    supply = Cell((ALREADY, SOON), (10, 16))
    bookings = [((2,), FAR, 9), ((1,), FAR, 7)]
    assert uncovered(supply, bookings) == [0, 0]
    assert uncovered(without(supply, SOON, 6), bookings) == [6, 0]
    assert uncovered(without(supply, SOON, 6, FAR + timedelta(days=1)), bookings) == [6, 0]
    assert uncovered(without(supply, SOON, 6, FAR - timedelta(days=1)), bookings) == [0, 0]


def test_the_promises_of_a_receipt_are_named_and_a_later_day_shows_who_loses(world: World) -> None:
    receipt = ExpectedReceipt.objects.get()
    first, second = order(world, "C", 10), order(world, "C", 5)
    assert [(h.row.order_id, h.units) for h in hanging_on(world.manager, receipt)] == [(first.pk, 10), (second.pk, 5)]
    assert hanging_on(world.manager, receipt, SOON + timedelta(days=5)) == []
    late = hanging_on(world.manager, receipt, FAR + timedelta(days=5))
    assert [(h.units, h.seen) for h in late] == [(10, True), (5, True)]


def test_moving_a_receipt_is_a_fact_with_a_reason(world: World) -> None:
    receipt = ExpectedReceipt.objects.get()
    order(world, "C", 10)
    with pytest.raises(Forbidden):
        move_receipt(receipt.pk, FAR, "late", by=world.sales)
    with pytest.raises(Invalid):
        move_receipt(receipt.pk, FAR, " ", by=world.manager)
    assert Availability.objects.get(product__sku="C").shortfall == 0
    assert move_receipt(receipt.pk, FAR + timedelta(days=9), "the ship is late", by=world.manager)
    assert not move_receipt(receipt.pk, FAR + timedelta(days=9), "again", by=world.manager)
    cell = Availability.objects.get(product__sku="C")
    assert (cell.days[1], cell.shortfall) == (FAR + timedelta(days=9), 10)
    ExpectedReceipt.objects.update(status="closed")
    with pytest.raises(Conflict):
        move_receipt(receipt.pk, FAR, "late", by=world.manager)


def test_the_page_shows_before_it_does(world: World) -> None:
    receipt = ExpectedReceipt.objects.get()
    made = order(world, "C", 10)
    client = Client()
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("orders:receipt-promises", args=[receipt.pk])
    assert url in client.get(reverse("inventory:stock-card", args=["C"])).content.decode()
    later = (FAR + timedelta(days=9)).isoformat()
    assert made.number in client.get(url, {"day": later}).content.decode()
    assert ExpectedReceipt.objects.get().available_date == receipt.available_date
    assert client.post(url, {"day": later, "reason": ""}).status_code == 400
    assert client.post(url, {"day": later, "reason": "the ship is late"}).status_code == 302
    assert ExpectedReceipt.objects.get().available_date == FAR + timedelta(days=9)


def test_an_approval_shows_who_goes_on_waiting(world: World) -> None:
    claim = order(world, "B", 8, extra=60)
    assert claim.status == "submitted"
    waiting = order(world, "B", 6)
    found = impacts_of(world.approver, [claim, waiting])
    (row,) = found[claim.pk]
    assert (row.order.pk, row.now_quantity, row.quantity) == (waiting.pk, 2, 6)
    assert (row.units, row.days, row.net, row.line.product.sku) == (4, None, Decimal("80.00"), "B")
    assert found[waiting.pk] == []


def test_a_later_date_is_counted_in_days(world: World) -> None:
    expect_receipt(world.products["B"].pk, world.lyon, "PO-2", SOON, 40, by=world.system)
    today = date.today() + timedelta(days=4)
    claim = order(world, "B", 8, on=today, extra=60)
    waiting = order(world, "B", 6, on=today)
    (row,) = impacts_of(world.approver, [claim])[claim.pk]
    assert row.order.pk == waiting.pk and row.now_date is not None and row.date is not None
    assert row.date < SOON < row.now_date
    assert (row.units, row.days, row.net) == (6, (row.now_date - row.date).days, Decimal("120.00"))


def test_one_whose_claim_ran_out_would_take_what_is_free_now(world: World) -> None:
    claim, waiting = order(world, "B", 8, extra=60), order(world, "B", 6)
    assert end_claim(claim.pk, by=world.system, at=timezone.now() + timedelta(days=9)) == 68
    (row,) = impacts_of(world.approver, [claim])[claim.pk]
    assert (row.order.pk, row.now_quantity, row.quantity, row.units) == (waiting.pk, 2, 6, 4)
    small = order(world, "B", 1, extra=60)
    assert end_claim(small.pk, by=world.system, at=timezone.now() + timedelta(days=9)) == 61
    (row,) = impacts_of(world.approver, [small])[small.pk]  # of the 8 that are free the first one misses one, and no more
    assert (row.order.pk, row.now_quantity, row.quantity) == (claim.pk, 7, 8)


def test_what_the_next_plan_gives_anyhow_is_not_lost(world: World) -> None:
    claim, waiting = order(world, "B", 4, extra=60), order(world, "B", 6, extra=60)
    end_claim(waiting.pk, by=world.system, at=timezone.now() + timedelta(days=9))
    assert impacts_of(world.approver, [claim]) == {claim.pk: []}


def test_who_waits_is_asked_in_as_many_statements_for_many_orders(world: World, django_assert_max_num_queries: Any) -> None:
    claims = [order(world, "B", 3, extra=60) for _n in range(4)]
    waiting = order(world, "B", 2)
    with django_assert_max_num_queries(10):
        few = impacts_of(world.approver, claims[:1])
    with django_assert_max_num_queries(10):
        many = impacts_of(world.approver, claims)
    assert few[claims[0].pk] == many[claims[0].pk]
    assert waiting.pk in {row.order.pk for row in many[claims[0].pk]}
