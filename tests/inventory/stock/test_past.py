"""Stock at any past moment comes out of the ledger, closed days out of their digest, and every movement says who and why."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from inventory.models import Movement, Product, StockClosing
from inventory.stock.selectors import stock_at
from inventory.stock.services import Change, Counted, Received, adjust, count, receive, set_opening
from inventory.stock.services.closing import close_day
from oms.kernel.errors import Forbidden, Invalid
from tests.inventory.stock.test_views import signed_in, text

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def then(house, moment, **more):
    """{(SKU, location): units} at a moment, as the manager sees it."""
    return {(r.product.sku, r.location.code): r.lay for r in stock_at(house.manager, moment, **more)}


def test_it_is_what_a_replay_of_the_ledger_says(house):
    """Sixty random facts over forty days; every day's stock against a replay."""
    chance = random.Random(5)
    places = [(p, w) for p in (house.bolt, house.nut) for w in (house.north, house.south)]
    set_opening([(p, w, "", "", None, 50) for p, w in places], by=house.system, at=DAY)
    for n in range(60):
        product, location = chance.choice(places)
        moment = DAY + timedelta(hours=chance.randint(1, 960))
        what = chance.random()
        if what < 0.4:
            receive(location, [Received(product, chance.randint(1, 9))], source=f"R{n}", by=house.system, at=moment)
        elif what < 0.8:
            adjust(location, [Change(product, "", "", -chance.randint(1, 9))], "test", by=house.system, at=moment)
        else:
            count(location, [Counted(product, "", "", chance.randint(30, 60))], by=house.system, as_of=moment)
    rows = list(Movement.objects.values_list("occurred_at", "product__sku", "location__code", "quantity"))
    for day in range(42):
        moment = DAY + timedelta(days=day, hours=chance.randint(0, 23))
        replayed: dict[tuple[str, str], int] = {}
        for occurred, sku, code, quantity in rows:
            if occurred <= moment:
                replayed[sku, code] = replayed.get((sku, code), 0) + quantity
        assert then(house, moment) == {key: units for key, units in replayed.items() if units}, day


def test_it_has_a_value_and_people_see_their_own_locations(house):
    Product.objects.filter(pk=house.bolt).update(standard_cost=2)
    set_opening([(house.bolt, house.north, "A", "", None, 5), (house.bolt, house.south, "", "", None, 7)], by=house.system, at=DAY)
    assert [(r.location.code, r.lay, r.value) for r in stock_at(house.manager, DAY)] == [("N", 5, 10), ("S", 7, 14)]
    assert [r.location.code for r in stock_at(house.wanda, DAY)] == ["N"]
    assert then(house, DAY - timedelta(seconds=1)) == {}


def test_a_day_is_closed_once_and_only_when_it_is_over(house):
    yesterday = date.today() - timedelta(days=1)
    assert close_day(yesterday, by=house.system).pairs == 0  # nothing of this test's own transaction is over yet
    assert close_day(yesterday, by=house.system) is None
    with pytest.raises(Invalid):
        close_day(date.today() + timedelta(days=1), by=house.system)
    with pytest.raises(Forbidden):
        close_day(yesterday - timedelta(days=1), by=house.manager)


@pytest.mark.parametrize("sql", ["UPDATE inventory_stockclosing SET units = 1", "DELETE FROM inventory_stockclosing"])
def test_a_closing_is_never_rewritten(house, sql):
    close_day(date.today() - timedelta(days=1), by=house.system)
    with pytest.raises(Exception) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    assert refused.value.__cause__.sqlstate in ("42501", "23514") or isinstance(refused.value, IntegrityError)
    assert StockClosing.objects.get().units == 0


# Pages


@pytest.fixture
def shelf(house):
    set_opening([(house.bolt, house.north, "", "", None, 40)], by=house.system, at=DAY)
    adjust(house.north, [Change(house.bolt, "", "", -15)], "breakage", by=house.wanda, at=DAY + timedelta(days=3))
    return house


def test_the_page_shows_a_day_a_time_and_what_was_known(client, shelf):
    signed_in(client, shelf.manager)
    page = reverse("inventory:stock-at")
    for query, seen in (("day=2026-03-02", ">40<"), ("day=2026-03-05", ">25<"), ("day=2026-03-04&time=23:59", ">40<"), ("day=2026-03-01", "Nothing lay there"),
                        ("day=2026-03-05&known=1", "Nothing lay there"), ("day=nonsense&time=late", ">25<"), ("day=2026-03-05&location=S", "Nothing lay there"),
                        ("day=2026-03-05&q=bolt", ">25<")):  # fmt: skip
        assert seen in text(client.get(f"{page}?{query}")), query
    exported = b"".join(client.get(f"{page}?day=2026-03-05&export=csv").streaming_content)
    assert b"BOLT" in exported and b"25" in exported and b"standard cost" in exported


def test_the_warehouse_sees_no_cost(client, shelf):
    page = reverse("inventory:stock-at") + "?day=2026-03-05"
    assert "At standard cost" not in text(signed_in(client, shelf.wanda).get(page))
    assert b"standard cost" not in b"".join(client.get(page + "&export=csv").streaming_content)


def test_a_closed_day_shows_its_digest(client, shelf):
    day = date.today() - timedelta(days=1)
    closed = close_day(day, by=shelf.system)
    assert closed.digest[:12] in text(signed_in(client, shelf.manager).get(reverse("inventory:stock-at") + f"?day={day}"))


def test_movements_say_who_when_and_why_and_are_narrowed(client, shelf):
    signed_in(client, shelf.manager)
    page = reverse("inventory:movement-list")
    shown = text(client.get(page))
    assert "breakage" in shown and "wanda" in shown and "Adjustment" in shown
    for query, many in (("q=bolt", 2), ("q=breakage", 1), ("q=wanda", 1), ("kind=adjust", 1), ("since=2026-03-04", 1), ("until=2026-03-04", 1), ("location=S", 0),
                        ("q=nut", 0)):  # fmt: skip
        shown = text(client.get(f"{page}?{query}"))
        assert shown.count("data-id=") == many, query
    exported = b"".join(client.get(f"{page}?kind=adjust&export=csv").streaming_content)
    assert b"-15" in exported and b"breakage" in exported


@pytest.mark.parametrize("rows", [1, 30])
def test_pages_take_the_same_number_of_statements(client, shelf, rows, django_assert_max_num_queries):
    set_opening([(shelf.bolt, shelf.north, f"B{n}", "", None, 1) for n in range(rows)], by=shelf.system, source="more")
    signed_in(client, shelf.manager).get(reverse("inventory:movement-list"))
    for name in ("movement-list", "stock-at"):
        with django_assert_max_num_queries(10):
            text(client.get(reverse(f"inventory:{name}")))
