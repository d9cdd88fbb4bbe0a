"""Anything is found by any of its numbers, within what one may see, in two statements."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from customers.models import Post, Territory
from inventory.models import LocationStaff
from orders.models import Order
from payments.models import Invoice, Payment
from reporting.search.selectors import search
from tests.reporting.conftest import order
from tests.world import World, make_customer

PAGE = "reporting:search"


def found(user: Any, words: str) -> list[tuple[str, str]]:
    return [(h.kind, h.key) for h in search(user, words)]


@pytest.fixture
def filled(world: World, journey: Order) -> Order:
    """The journey's order with the customer's number PO/77 and an external id."""
    Order.objects.filter(pk=journey.pk).update(customer_po="PO/77", external_id="shop-9")
    return journey


def test_everything_is_found_by_its_numbers(world: World, filled: Order) -> None:
    shipment = filled.shipments.get(status="delivered")
    invoice, payment = Invoice.objects.get(), Payment.objects.get()
    for words, hit in {
        filled.number: ("order", filled.number), filled.number.lower(): ("order", filled.number), "PO/77": ("order", filled.number),
        "shop-9": ("order", filled.number), shipment.number: ("shipment", shipment.number), "T1": ("shipment", shipment.number),
        invoice.number: ("invoice", invoice.number), payment.number: ("payment", payment.number), "ACME": ("customer", "ACME"),
        "A ": None, "acme": ("customer", "ACME"), "me to": ("customer", "ACME"), "hammer": ("product", "B"),
    }.items():  # fmt: skip
        if hit:
            assert hit in found(world.finance if hit[0] == "payment" else world.manager, words), words
    assert found(world.manager, filled.number)[0] == ("order", filled.number)
    assert {h.rank for h in search(world.manager, filled.number)} == {0}


def test_a_number_may_be_typed_without_its_zeros(world: World, filled: Order) -> None:
    digits = str(int(filled.number[2:])).zfill(2)
    assert ("order", filled.number) in found(world.manager, digits)
    assert ("invoice", Invoice.objects.get().number) in found(world.finance, f"0{Invoice.objects.get().serial}")


def test_each_role_finds_what_its_pages_show(world: World, filled: Order) -> None:
    kinds = {role: {kind for words in ("ACME", "A", filled.number, "T1", Invoice.objects.get().number, Payment.objects.get().number, "hammer")
                    for kind, _key in found(getattr(world, role), words)} for role in ("sales", "finance", "warehouse", "partner")}  # fmt: skip
    assert kinds == {
        "sales": {"order", "shipment", "invoice", "customer", "product"},
        "finance": {"order", "shipment", "invoice", "payment", "customer"},
        "warehouse": {"order", "shipment", "product"}, "partner": {"order", "shipment", "invoice"},
    }  # fmt: skip


def test_what_belongs_to_another_region_customer_or_location_is_not_found(world: World, filled: Order) -> None:
    south = Post.objects.create(code="S1", name="South", territory=Territory.objects.create(code="S", name="S"))
    other = make_customer("ZETA", "Zeta", south)
    Order.objects.filter(pk=filled.pk).update(customer=other, ship_to=other.addresses.get())
    LocationStaff.objects.all().delete()
    for user in (world.sales, world.manager, world.warehouse, world.partner):
        assert found(user, filled.number) == found(user, "PO/77") == found(user, "T1") == found(user, "ZETA") == []
    assert ("order", filled.number) in found(world.finance, filled.number)


@pytest.mark.parametrize("words", ["", "x", "%", "__", "\\", "\x00\x00", "'; drop", "9" * 60, "ß" * 60])
def test_odd_words_find_nothing_and_break_nothing(world: World, words: str) -> None:
    assert found(world.finance, words) == []


def test_one_exact_hit_opens_at_once_and_several_are_listed(as_: Any, world: World, filled: Order) -> None:
    client = as_("manager")
    answer = client.get(reverse(PAGE), {"q": "PO/77"})
    assert answer.status_code == 302 and answer.url == reverse("orders:order-detail", args=[filled.number])
    listed = client.get(reverse(PAGE), {"q": "SO0"})
    assert listed.status_code == 200 and filled.number in listed.content.decode()
    assert "Nothing found" in client.get(reverse(PAGE), {"q": "nowhere"}).content.decode()
    assert f'action="{reverse(PAGE)}"' in client.get("/").content.decode()


def test_a_search_takes_two_statements(world: World, filled: Order, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        assert found(world.manager, filled.number)
    with django_assert_num_queries(1):
        assert found(world.finance, filled.number)


def test_numbers_are_looked_up_in_indexes(world: World) -> None:
    for n in range(3):
        order(world, ("A", 1), customer_po=f"P{n}")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for column, index in (("customer_po", "order_of_po"), ("external_id", "order_of_external_id")):
            cursor.execute(f"EXPLAIN SELECT id FROM orders_order WHERE {column} = ANY(ARRAY['P1', 'P2']) AND {column} <> ''")
            assert index in "".join(row[0] for row in cursor.fetchall())
        cursor.execute("EXPLAIN SELECT id FROM inventory_product WHERE name ILIKE '%%hammer%%'")
        assert "product_name_parts" in "".join(row[0] for row in cursor.fetchall())
