"""Goods go from where they were received into a bin: on hand, what is pinned and what is free stay what they are."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from inventory.models import Balance, LocationStaff, Movement
from inventory.stock.selectors import to_put_away
from inventory.stock.services import Opening, PutAway, block, put_away, set_opening
from oms.events.verification import verify
from oms.kernel.errors import Conflict, Forbidden, Invalid

pytestmark = pytest.mark.django_db
SOON = date(2027, 6, 1)


@pytest.fixture
def dock(house):
    """Ten bolts and four milks of one lot where goods are received; one bolt in B1."""
    rows = [(house.bolt, house.north, "", "", None, 10), (house.milk, house.north, "", "L1", SOON, 4), (house.bolt, house.north, "B1", "", None, 1)]
    set_opening([Opening(*row) for row in rows], by=house.system)
    return house


def put(house, quantity, bin="B1", product=None, source="p1", by=None, **more):
    return put_away(house.north, [PutAway(product or house.bolt, quantity, bin, **more)], source=source, by=by or house.wanda)


def sound():
    connection.check_constraints()
    assert [o.code for o in verify("stock") if o.rows] == []


def test_it_lies_in_the_bin_and_nothing_else_changed(dock):
    made = put(dock, 6)
    assert (dock.balance().on_hand, dock.balance(bin="B1").on_hand, dock.cell().free) == (4, 7, [11])
    assert list(Movement.objects.filter(pk__in=made).order_by("pk").values_list("kind", "quantity")) == [("put_away", -6), ("put_away", 6)]
    assert put(dock, 6) == made and dock.balance().on_hand == 4  # told twice
    put(dock, 2, "B2", from_bin="B1", source="p2")
    assert (dock.balance(bin="B1").on_hand, dock.balance(bin="B2").on_hand) == (5, 2)
    sound()


def test_a_lot_keeps_its_expiry(dock):
    put(dock, 3, "COLD", dock.milk, lot="L1")
    assert Balance.objects.get(product_id=dock.milk, bin="COLD").expires_on == SOON
    sound()


def test_what_is_blocked_or_not_there_stays(dock):
    with pytest.raises(Conflict) as short:
        put(dock, 11)
    assert short.value.code == "short"
    block(dock.north, dock.milk, "L1", "warm", by=dock.wanda)
    with pytest.raises(Conflict):
        put(dock, 1, product=dock.milk, lot="L1")
    with pytest.raises(Conflict):
        put(dock, 1, from_bin="NOWHERE")
    for row, code in (({"quantity": 0}, "quantity_invalid"), ({"quantity": 1, "bin": ""}, "same_bin")):
        with pytest.raises(Invalid) as refused:
            put(dock, **row)
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        put_away(dock.south, [PutAway(dock.bolt, 1, "B1")], source="x", by=dock.wanda)
    assert Movement.objects.filter(kind="put_away").count() == 0


def test_a_constant_number_of_statements(dock, django_assert_num_queries):
    with django_assert_num_queries(13) as seen:
        put(dock, 1)
    set_opening([Opening(dock.nut, dock.north, "", "", None, 50)], by=dock.system)
    rows = [PutAway(dock.nut, 1, f"N{n}") for n in range(40)]
    with django_assert_num_queries(len(seen.captured_queries)):
        put_away(dock.north, rows, source="many", by=dock.wanda)


def test_the_page_offers_what_lies_in_no_bin(dock):
    assert {(b.product_id, b.free) for b in to_put_away(dock.wanda)} == {(dock.bolt, 10), (dock.milk, 4)}
    client = Client()
    client.force_login(dock.wanda, backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("inventory:put-away")
    page = client.get(url + "?product=BOLT&quantity=10")
    assert "In no bin yet" in page.content.decode()
    form = {"idempotency_key": page.context["form"]["idempotency_key"].value(), "location": "N", "product": "BOLT", "bin": "", "quantity": "10", "to_bin": "B1"}
    done = client.post(url, form, follow=True)
    assert "10 × BOLT lie in B1." in done.content.decode() and dock.balance(bin="B1").on_hand == 11
    client.post(url, form)
    assert dock.balance(bin="B1").on_hand == 11
    LocationStaff.objects.filter(user=dock.wanda).delete()
    assert to_put_away(dock.wanda) == []
