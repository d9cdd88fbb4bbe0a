"""A count is exactly netted: whatever is told, and in whatever order, what lay there at the count is what was counted."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from django.db import connection

from inventory.models import Balance, CountedPlace, Movement
from inventory.stock.services import Change, Counted, Received, adjust, count, receive, set_opening
from oms.events.verification import verify
from oms.kernel.errors import Invalid

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def at(hour):
    return DAY + timedelta(hours=hour)


@pytest.fixture
def shelf(house):
    """Ten bolts since long ago."""
    set_opening([(house.bolt, house.north, "", "", None, 10)], by=house.system, at=DAY - timedelta(days=9))
    return house


def counted(house, quantity, hour, **more):
    return count(house.north, [Counted(house.bolt, "", "", quantity)], by=house.system, as_of=at(hour), **more)


def came(house, quantity, hour):
    return receive(house.north, [Received(house.bolt, quantity)], source=f"R{hour}", by=house.system, at=at(hour))


def changed(house, delta, hour):
    return adjust(house.north, [Change(house.bolt, "", "", delta)], "test", by=house.system, at=at(hour), source=f"A{hour}")


def lay(house, hour):
    """What the ledger says lay there at that hour."""
    rows = Movement.objects.filter(product_id=house.bolt, occurred_at__lte=at(hour)).values_list("quantity", flat=True)
    return sum(rows)


def sound():
    connection.check_constraints()
    assert [o.code for o in verify("stock") if o.rows] == []


def test_a_count_taken_at_ten_and_keyed_at_three_counts_against_ten(shelf):
    changed(shelf, -2, 11)
    counted(shelf, 9, 10)
    assert (shelf.amounts(), lay(shelf, 10), shelf.cell().free) == ((7, 0, 0), 9, [7])
    sound()


def test_what_occurred_before_a_count_and_is_told_after_it_was_in_the_count(shelf):
    counted(shelf, 14, 10)
    came(shelf, 4, 9)
    assert (shelf.amounts(), lay(shelf, 9), lay(shelf, 10), shelf.cell().free) == ((14, 0, 0), 14, 14, [14])
    changed(shelf, -6, 8)
    assert (shelf.amounts(), lay(shelf, 10), shelf.cell().free) == ((14, 0, 0), 14, [14])
    sound()


def test_what_occurred_after_the_count_stays(shelf):
    counted(shelf, 14, 10)
    came(shelf, 4, 11)
    assert (shelf.amounts(), lay(shelf, 10)) == ((18, 0, 0), 14)
    sound()


def test_an_earlier_count_told_later_changes_what_lay_there_then_and_not_now(shelf):
    counted(shelf, 7, 11)
    counted(shelf, 12, 10)
    assert (shelf.amounts(), lay(shelf, 10), lay(shelf, 11)) == ((7, 0, 0), 12, 7)
    sound()


def test_the_same_moment_counted_again_is_counted_anew(shelf):
    counted(shelf, 7, 10)
    counted(shelf, 8, 10)
    assert (shelf.amounts(), lay(shelf, 10)) == ((8, 0, 0), 8)
    sound()


def test_late_facts_of_more_than_lies_there_find_nothing(shelf):
    """Everything was gone by the count; that twenty had come and thirty gone before is news of the past."""
    counted(shelf, 0, 10)
    came(shelf, 20, 8)
    changed(shelf, -30, 9)
    assert (shelf.amounts(), lay(shelf, 8), lay(shelf, 9), lay(shelf, 10)) == ((0, 0, 0), 30, 0, 0)
    assert not Movement.objects.filter(kind="found").exists()
    sound()


def test_in_whatever_order_they_are_told_the_stock_is_the_same(house):
    """Receipt at 8, loss at 9, count at 10, receipt at 11, count at 12, loss at 13: all 720 orders end alike."""
    told = [(came, 6, 8), (changed, -3, 9), (counted, 12, 10), (came, 5, 11), (counted, 16, 12), (changed, -2, 13)]
    orders = list(permutations(range(len(told))))
    random.Random(4).shuffle(orders)
    for n, order in enumerate(orders[:60]):
        place = {"bin": f"P{n}"}
        set_opening([(house.bolt, house.north, f"P{n}", "", None, 10)], by=house.system, at=DAY - timedelta(days=9), source=f"o{n}")
        for i in order:
            what, quantity, hour = told[i]
            if what is counted:
                count(house.north, [Counted(house.bolt, f"P{n}", "", quantity)], by=house.system, as_of=at(hour))
            elif what is came:
                receive(house.north, [Received(house.bolt, quantity, None, f"P{n}")], source=f"{n}/{i}", by=house.system, at=at(hour))
            else:
                adjust(house.north, [Change(house.bolt, f"P{n}", "", quantity)], "test", by=house.system, at=at(hour))
        assert house.amounts(**place) == (14, 0, 0), order
        balance = Balance.objects.get(bin=f"P{n}")
        for hour, lies in ((10, 12), (12, 16), (13, 14)):
            moved = Movement.objects.filter(balance=balance, occurred_at__lte=at(hour)).values_list("quantity", flat=True)
            assert sum(moved) == lies, (order, hour)
    sound()


def test_without_netting_the_order_matters(shelf, monkeypatch):
    """The red control of the tests above."""
    monkeypatch.setattr("inventory.stock.services.facts.netted", lambda *a, **k: [])
    counted(shelf, 14, 10)
    came(shelf, 4, 9)
    assert shelf.amounts() == (18, 0, 0)


def test_a_count_leaves_its_entry_and_is_taken_in_once(shelf):
    for _n in range(2):
        counted(shelf, 10, 10, source="C1")
    for _n in range(2):
        counted(shelf, 8, 11, source="C2")
    rows = CountedPlace.objects.order_by("pk").values_list("quantity", "difference", "version", "source")
    assert list(rows) == [(10, 0, 1, "C1"), (8, -2, 2, "C2")]
    assert shelf.amounts() == (8, 0, 0)


def test_nothing_is_counted_in_the_future(shelf):
    with pytest.raises(Invalid) as refused:
        count(shelf.north, [Counted(shelf.bolt, "", "", 1)], by=shelf.system, as_of=datetime.now(UTC) + timedelta(hours=1))
    assert refused.value.code == "counted_later"
    assert shelf.amounts() == (10, 0, 0)
