"""Every invariant is silent on sound stock and finds the row that breaks it."""

from datetime import date

import pytest
from django.db import connection

from inventory.stock.invariants import INVARIANTS
from inventory.stock.services import adjust, allocate, expect_receipt, receive, set_opening
from oms.events.services import command, current

pytestmark = pytest.mark.django_db


def bad(code, since=None):
    """How many rows the invariant finds; with `since`, of those touched from then on."""
    invariant = next(i for i in INVARIANTS if i.code == code)
    with connection.cursor() as cursor:
        if since:
            cursor.execute(invariant.touched, {"since": since})
        else:
            cursor.execute(invariant.sql)
        return len(cursor.fetchall())


@pytest.fixture
def busy(house, line):
    """A house in which something of everything happened."""
    set_opening([(house.bolt, house.north, "", "", None, 10), (house.nut, house.south, "", "", None, 4)], by=house.system)
    expect_receipt(house.bolt, house.north, "PO1", date(2030, 5, 1), 8, by=house.wanda)
    receive(house.north, [(house.bolt, 3)], source="D1", by=house.wanda)
    adjust(house.north, [(house.bolt, "", "", -15)], "theft", by=house.wanda)
    receive(house.north, [(house.bolt, 9)], source="D2", by=house.wanda)
    with command("test.pin", by=house.system):
        allocate([(house.balance().pk, *line, 4)], current().event("test.pinned", []))
    return house


@pytest.mark.parametrize("code", [i.code for i in INVARIANTS])
def test_sound_stock_breaks_nothing(busy, code):
    assert bad(code) == 0


@pytest.mark.parametrize(
    ("code", "sql"),
    [
        ("I1", "UPDATE inventory_balance SET on_hand = on_hand + 1"),
        ("I10", "UPDATE inventory_balance SET version = version + 1"),
        ("I30a", "UPDATE inventory_availability SET shortfall = 3"),
        ("I30b", "UPDATE inventory_availability SET days = '{2001-01-01}', free = '{0}'"),
        ("I30b", "UPDATE inventory_expectedreceipt SET available_date = '2030-06-01'"),
        ("I30c", "DELETE FROM inventory_availability"),
    ],
)
def test_broken_stock_is_found(busy, code, sql):
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(f"SAVEPOINT tampered; {sql}")
        found = bad(code)
        cursor.execute("ROLLBACK TO SAVEPOINT tampered")
    assert found >= 1


@pytest.mark.parametrize("code", ["I1", "I10"])
def test_the_quick_check_looks_only_at_what_was_touched(busy, code):
    with connection.cursor() as cursor:
        cursor.execute("SAVEPOINT tampered; UPDATE inventory_balance SET on_hand = on_hand + 1, version = version + 1")
        found, later = bad(code, since="2000-01-01"), bad(code, since="2200-01-01")
        cursor.execute("ROLLBACK TO SAVEPOINT tampered")
    assert (found, later) == (2, 0)
