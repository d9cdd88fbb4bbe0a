"""Parts that post movements, and the availability they move."""

from datetime import date

import pytest
from django.db import connection, transaction

from inventory.stock.models import Movement
from inventory.stock.selectors import allocatable, allocatable_balances
from inventory.stock.services import allocate, deallocate, issue, receive, set_opening
from inventory.stock.services.ledger import Posting, post
from oms.events.services import command, current
from oms.kernel.errors import Conflict, NotFound

pytestmark = pytest.mark.django_db


@pytest.fixture
def undone(house):
    """Undo the test before orders' own guard asks for the shipment of what was issued here alone."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def opened(house, *rows):
    set_opening([(p, w, "", lot, expires, q) for p, w, lot, expires, q in rows], by=house.system)


def pinned(house, line, quantity, part=allocate, balance=None):
    """Run a part on the bolt's balance for the order line."""
    with command("test.pin", by=house.system):
        event = current().event("test.pinned", [])
        return part([(balance or house.balance().pk, *line, quantity)], event)


def test_an_allocation_pins_stock_and_takes_it_from_every_day(house, line):
    opened(house, (house.bolt, house.north, "", None, 10))
    (movement,) = pinned(house, line, 4)
    connection.check_constraints()
    assert house.amounts() == (10, 4, 0)
    assert house.cell().free == [6]
    written = Movement.objects.get(pk=movement)
    assert (written.kind, written.quantity, written.allocated, written.version) == ("allocate", 0, 4, 2)
    assert (written.reference_order, written.reference_line) == line


def test_more_than_is_free_is_not_allocated(house, line):
    opened(house, (house.bolt, house.north, "", None, 10))
    with pytest.raises(Conflict) as refused:
        pinned(house, line, 11)
    assert refused.value.code == "short"
    assert refused.value.data["rows"] == [
        {"product_id": house.bolt, "product": "BOLT", "location_id": house.north, "location": "N",
         "asked": 11, "available": 10}
    ]  # fmt: skip
    assert (house.amounts(), house.cell().free, Movement.objects.count()) == ((10, 0, 0), [10], 1)


def test_the_balance_refuses_what_only_another_lot_has(house, line):
    opened(house, (house.bolt, house.north, "A", None, 3), (house.bolt, house.north, "B", None, 9))
    with pytest.raises(Conflict) as refused:
        pinned(house, line, 5, balance=house.balance(lot="A").pk)
    assert refused.value.data["rows"][0]["lot"] == "A"
    assert (refused.value.data["rows"][0]["asked"], refused.value.data["rows"][0]["available"]) == (5, 3)
    assert (house.amounts(lot="A"), house.cell().free) == ((3, 0, 0), [12])


def test_a_released_allocation_is_free_again(house, line):
    opened(house, (house.bolt, house.north, "", None, 10))
    pinned(house, line, 4)
    pinned(house, line, 4, deallocate)
    connection.check_constraints()
    assert (house.amounts(), house.cell().free) == ((10, 0, 0), [10])


def test_issued_goods_leave_and_availability_stays(house, line, undone):
    opened(house, (house.bolt, house.north, "", None, 10))
    pinned(house, line, 4)
    (movement,) = pinned(house, line, 3, issue)
    connection.cursor().execute("SET CONSTRAINTS balance_moves_by_ledger IMMEDIATE")
    assert (house.amounts(), house.cell().free) == ((7, 1, 0), [6])
    written = Movement.objects.get(pk=movement)
    assert (written.kind, written.quantity, written.allocated) == ("issue", -3, -3)


def test_no_more_is_issued_than_is_allocated(house, line):
    opened(house, (house.bolt, house.north, "", None, 10))
    pinned(house, line, 4)
    with pytest.raises(Conflict):
        pinned(house, line, 5, issue)
    assert house.amounts() == (10, 4, 0)


def test_movements_of_one_balance_are_numbered_in_the_order_given(house):
    opened(house, (house.bolt, house.north, "", None, 10))
    balance = house.balance().pk
    with command("test.pin", by=house.system):
        event = current().event("test.pinned", [])
        ids = post([Posting(balance, "found", quantity=q) for q in (5, -3, 2)], event)
    connection.check_constraints()
    rows = Movement.objects.filter(pk__in=ids).order_by("version").values_list("pk", "quantity", "version")
    assert list(rows) == [(ids[0], 5, 2), (ids[1], -3, 3), (ids[2], 2, 4)]
    assert (house.balance().on_hand, house.balance().version) == (14, 4)


def test_an_unknown_balance_is_not_found(house, line):
    with pytest.raises(NotFound):
        pinned(house, line, 1, balance=999_999)


def test_one_short_balance_refuses_all(house, line):
    opened(house, (house.bolt, house.north, "", None, 10), (house.nut, house.north, "", None, 1))
    bolt, nut = house.balance().pk, house.balance(house.nut).pk
    with pytest.raises(Conflict), command("test.pin", by=house.system):
        allocate([(bolt, *line, 2), (nut, *line, 2)], current().event("test.pinned", []))
    assert house.amounts() == (10, 0, 0)


@pytest.mark.parametrize("lines", [1, 40])
def test_allocating_takes_the_same_number_of_statements(house, line, lines, undone, django_assert_num_queries):
    opened(house, (house.bolt, house.north, "", None, 100))
    balance = house.balance().pk
    with command("test.pin", by=house.system):
        event = current().event("test.pinned", [])
        with django_assert_num_queries(4):
            allocate([(balance, *line, 2)] * lines, event)
        with django_assert_num_queries(1):
            issue([(balance, *line, 1)] * lines, event)


def test_the_first_expiring_lot_is_offered_first_and_expired_ones_never(house):
    opened(
        house,
        (house.milk, house.north, "none", None, 5),
        (house.milk, house.north, "late", date(2031, 1, 1), 5),
        (house.milk, house.north, "soon", date(2030, 1, 1), 5),
        (house.milk, house.north, "gone", date(2029, 1, 1), 5),
        (house.milk, house.south, "other", date(2030, 6, 1), 5),
    )
    found = allocatable_balances([house.milk], house.north, on=date(2029, 1, 1))
    assert [b.lot for b in found] == ["soon", "late", "none"]


def test_a_balance_without_free_stock_is_not_offered(house, line):
    receive(house.north, [(house.bolt, 4)], source="D1", by=house.wanda)
    pinned(house, line, 4)
    assert allocatable([(house.bolt, house.north)]) == []
