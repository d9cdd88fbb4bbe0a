"""Facts: received, adjusted, counted, opened. Never refused for lack of stock, posted once a source."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection

from inventory.stock.exceptions import BelowAllocated
from inventory.stock.models import Balance, ExpectedReceipt, Movement
from inventory.stock.services import (
    Change,
    Counted,
    Opening,
    Received,
    adjust,
    allocate,
    count,
    expect_receipt,
    receive,
    set_opening,
)
from oms.events.models import Event
from oms.events.services import command, current
from oms.kernel.errors import Forbidden, Invalid, NotFound

pytestmark = pytest.mark.django_db


def pin(house, line, quantity):
    with command("test.pin", by=house.system):
        allocate([(house.balance().pk, *line, quantity)], current().event("test.pinned", []))


def test_goods_received_are_on_hand_free_and_in_the_ledger(house):
    (movement,) = receive(house.north, [Received(house.bolt, 12)], source="D1", by=house.wanda)
    connection.check_constraints()
    assert (house.amounts(), house.cell().free) == ((12, 0, 0), [12])
    written = Movement.objects.get(pk=movement)
    assert (written.kind, written.quantity, written.version, written.source) == ("receipt", 12, 1, "D1")
    assert (written.event.name, written.event.actor_id) == ("stock.received", house.wanda.pk)


def test_the_same_source_moves_stock_once_and_answers_the_same(house):
    rows = [Received(house.bolt, 12), Received(house.nut, 3)]
    first = receive(house.north, rows, source="D1", by=house.wanda)
    again = receive(house.north, rows, source="D1", by=house.wanda)
    assert again == first
    assert (Movement.objects.count(), Event.objects.filter(name="stock.received").count()) == (2, 1)
    assert (house.cell().free, house.cell(house.nut).free) == ([12], [3])


def test_received_goods_are_taken_off_what_was_expected(house):
    receipt = expect_receipt(house.bolt, house.north, "PO1", date(2030, 5, 1), 10, by=house.wanda)
    receive(house.north, [Received(house.bolt, 4, receipt)], source="D1", by=house.wanda)
    assert (house.cell().free, ExpectedReceipt.objects.get().received) == ([4, 10], 4)
    receive(house.north, [Received(house.bolt, 7, receipt)], source="D2", by=house.wanda)
    found = ExpectedReceipt.objects.get()
    assert (found.received, found.status, house.cell().free) == (11, "closed", [11])


def test_a_receipt_of_another_product_is_refused(house):
    receipt = expect_receipt(house.nut, house.north, "PO1", date(2030, 5, 1), 10, by=house.wanda)
    with pytest.raises(Invalid) as refused:
        receive(house.north, [Received(house.bolt, 4, receipt)], source="D1", by=house.wanda)
    assert refused.value.code == "receipt_of_other"
    assert (Movement.objects.count(), ExpectedReceipt.objects.get().received) == (0, 0)


def test_lots_and_bins_have_their_own_balances(house):
    soon, late = date(2030, 1, 1), date(2031, 1, 1)
    receive(
        house.north,
        [Received(house.milk, 5, None, "A1", "L1", soon), Received(house.milk, 6, None, "A1", "L2", late),
         Received(house.milk, 7, None, "A2", "L1", soon)],
        source="D1", by=house.wanda,
    )  # fmt: skip
    connection.check_constraints()
    found = Balance.objects.order_by("bin", "lot").values_list("bin", "lot", "expires_on", "on_hand")
    assert list(found) == [("A1", "L1", soon, 5), ("A1", "L2", late, 6), ("A2", "L1", soon, 7)]
    assert house.cell(house.milk).free == [18]


def test_a_lot_keeps_its_expiry_date(house):
    receive(house.north, [Received(house.milk, 5, None, "", "L1", date(2030, 1, 1))], source="D1", by=house.wanda)
    with pytest.raises(Invalid) as refused:
        receive(house.north, [Received(house.milk, 5, None, "", "L1", date(2031, 1, 1))], source="D2", by=house.wanda)
    assert refused.value.code == "lot_expiry"
    assert house.amounts(house.milk, lot="L1") == (5, 0, 0)


@pytest.mark.parametrize("quantity", [0, -3])
def test_nothing_is_not_received(house, quantity):
    with pytest.raises(Invalid):
        receive(house.north, [Received(house.bolt, quantity)], source="D1", by=house.wanda)
    assert Movement.objects.count() == 0


def test_an_unknown_product_is_not_found(house):
    with pytest.raises(NotFound):
        receive(house.north, [Received(999_999, 1)], source="D1", by=house.wanda)


def test_staff_post_only_where_they_work(house):
    with pytest.raises(Forbidden) as refused:
        receive(house.south, [Received(house.bolt, 1)], source="D1", by=house.wanda)
    assert refused.value.code == "not_own_location"
    with pytest.raises(Forbidden):
        receive(house.north, [Received(house.bolt, 1)], source="D1", by=house.manager)
    assert Movement.objects.count() == 0


@pytest.mark.parametrize("rows", [1, 60])
def test_receiving_takes_the_same_number_of_statements(house, rows, django_assert_num_queries):
    expect_receipt(house.bolt, house.north, "PO1", date(2030, 5, 1), 10, by=house.wanda)
    data = [Received(house.bolt, 1, None, "", f"L{n}") for n in range(rows)]
    # savepoint, right, cells 2, balances 2, known, event ids, movements, supply, cells, events, release
    with django_assert_num_queries(13):
        receive(house.north, data, source="D1", by=house.wanda)


def test_an_adjustment_moves_on_hand_and_every_day(house):
    set_opening([(house.bolt, house.north, "", "", None, 10)], by=house.system)
    expect_receipt(house.bolt, house.north, "PO1", date(2030, 5, 1), 5, by=house.wanda)
    adjust(house.north, [Change(house.bolt, "", "", -3)], "breakage", by=house.wanda)
    connection.check_constraints()
    assert (house.amounts(), house.cell().free) == ((7, 0, 0), [7, 12])
    assert Movement.objects.latest("pk").reason == "breakage"


def test_below_zero_the_missing_is_found_first(house):
    set_opening([(house.bolt, house.north, "", "", None, 5)], by=house.system)
    adjust(house.north, [Change(house.bolt, "", "", -8)], "theft", by=house.wanda)
    connection.check_constraints()
    rows = Movement.objects.order_by("version").values_list("kind", "quantity")
    assert list(rows) == [("receipt", 5), ("found", 3), ("adjust", -8)]
    assert (house.amounts(), house.cell().free) == ((0, 0, 0), [0])


def test_what_orders_hold_is_not_adjusted_away_here(house, line):
    set_opening([(house.bolt, house.north, "", "", None, 10)], by=house.system)
    pin(house, line, 8)
    with pytest.raises(BelowAllocated) as refused:
        adjust(house.north, [Change(house.bolt, "", "", -3)], "breakage", by=house.wanda)
    row = refused.value.data["rows"][0]
    assert (refused.value.code, row["product"], row["location"], row["missing"]) == ("below_allocated", "BOLT", "N", 1)
    assert (house.amounts(), house.cell().free) == ((10, 8, 0), [2])


def test_an_adjustment_needs_a_reason_and_a_change(house):
    for delta, reason in ((0, "breakage"), (1, " ")):
        with pytest.raises(Invalid):
            adjust(house.north, [Change(house.bolt, "", "", delta)], reason, by=house.wanda)
    assert Movement.objects.count() == 0


def test_a_count_posts_the_difference(house):
    set_opening([(house.bolt, house.north, "", "", None, 10), (house.nut, house.north, "", "", None, 4)], by=house.system)
    moved = count(house.north, [Counted(house.bolt, "", "", 7), Counted(house.nut, "", "", 4)], by=house.wanda)
    connection.check_constraints()
    assert Movement.objects.filter(pk__in=moved).values_list("kind", "quantity").get() == ("count", -3)
    assert (house.amounts(), house.cell().free, house.amounts(house.nut)) == ((7, 0, 0), [7], (4, 0, 0))


def test_what_moved_after_the_count_is_netted_out(house):
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    set_opening([(house.bolt, house.north, "", "", None, 10)], by=house.system, at=noon - timedelta(days=1))
    adjust(house.north, [Change(house.bolt, "", "", -2)], "breakage", by=house.system, at=noon + timedelta(hours=1))
    count(house.north, [Counted(house.bolt, "", "", 9)], by=house.system, at=noon)
    assert (house.amounts(), Movement.objects.latest("pk").quantity) == ((7, 0, 0), -1)


def test_a_count_of_an_unknown_place_opens_it(house):
    count(house.north, [Counted(house.bolt, "B7", "", 6)], by=house.wanda)
    assert (house.amounts(bin="B7"), house.cell().free) == ((6, 0, 0), [6])


def test_the_same_count_twice_in_one_message_is_refused(house):
    with pytest.raises(Invalid):
        count(house.north, [Counted(house.bolt, "", "", 6), Counted(house.bolt, "", "", 7)], by=house.wanda)
    assert Movement.objects.count() == 0


def test_opening_stock_is_posted_once_and_added_to(house):
    first = [Opening(house.bolt, house.north, "", "", None, 10), Opening(house.bolt, house.north, "", "", None, 2)]
    assert set_opening(first, by=house.system) == 1
    assert set_opening(first, by=house.system) == 0
    assert set_opening([*first, Opening(house.nut, house.south, "", "", None, 5)], by=house.system) == 1
    connection.check_constraints()
    assert (house.amounts(), house.cell().free) == ((12, 0, 0), [12])
    assert (house.cell(house.nut, house.south).free, Movement.objects.count()) == ([5], 2)


def test_only_the_system_opens_stock(house):
    with pytest.raises(Forbidden):
        set_opening([Opening(house.bolt, house.north, "", "", None, 10)], by=house.wanda)
    assert Balance.objects.count() == 0


def test_thousands_of_openings_take_the_statements_of_one(house, django_assert_num_queries):
    rows = [Opening(house.bolt, house.north, f"B{n}", "", None, 1) for n in range(5_000)]
    with django_assert_num_queries(12):
        assert set_opening(rows, by=house.system) == 5_000
    with connection.cursor() as cursor:  # stock is opened by a worker, whose statements have a minute; here the pages' five seconds hold
        cursor.execute("SET LOCAL statement_timeout = '60s'")
    connection.check_constraints()
    assert house.cell().free == [5_000]
