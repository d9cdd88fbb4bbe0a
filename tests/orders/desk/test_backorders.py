"""Backorders on their page: seen by customer, shown before it is done, done order by order."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.test import Client
from django.urls import reverse

from customers.models import Customer
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order
from tests.world import World, make_customer, open_account

URL = "orders:backorders"


def signed_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def order(world: World, quantity: int, customer: str = "ACME", sku: str = "B") -> Order:
    """Approved by the policy at once."""
    return Order.objects.get(number=submit(EntryRequest(customer, (LineRequest(sku, Decimal(quantity)),), "web"), by=world.sales).number)


def test_what_has_no_date_is_cancelled_after_a_look(world: World) -> None:
    part, none = order(world, 14), order(world, 3)
    client, url = signed_in(world.sales), reverse(URL)
    page = client.get(url).content.decode()
    assert part.number in page and none.number in page and "of 14" in page
    body = {"line": [part.lines.get().pk, none.lines.get().pk], "deed": "cancel", "reason": "not in sight"}
    assert client.post(url, {**body, "reason": ""}).status_code == 400
    assert client.post(url, {**body, "line": []}).status_code == 400
    shown = client.post(url, body).content.decode()
    assert "4 B cancelled" in shown.replace("\n", "") and "the whole order is cancelled" in shown and "\u221296.00" in shown
    assert part.lines.get().quantity_cancelled == none.lines.get().quantity_cancelled == 0
    assert client.post(url, {**body, "sure": "1"}).status_code == 302
    none.refresh_from_db()
    assert (part.lines.get().quantity_cancelled, part.lines.get().quantity_approved, none.status) == (4, 10, "cancelled")
    assert "No backorders" in client.get(url).content.decode()


def test_the_requested_day_is_moved(world: World) -> None:
    late = order(world, 14)
    client, url = signed_in(world.manager), reverse(URL)
    day = date.today() + timedelta(days=30)
    body = {"line": [late.lines.get().pk], "deed": "date", "day": day.isoformat()}
    assert client.post(url, {**body, "day": "2020-01-01"}).status_code == 400
    assert client.post(url, {**body, "day": "soon"}).status_code == 400
    assert client.post(url, {**body, "sure": "1"}).status_code == 302
    late.refresh_from_db()
    assert late.requested_date == day


def test_each_customer_has_their_own_and_partners_only_theirs(world: World, django_assert_max_num_queries: Any) -> None:
    make_customer("BETA", "Beta Works", world.post)
    open_account(Customer.objects.get(code="BETA"), Decimal(10_000))
    mine, theirs = order(world, 14), order(world, 2, "BETA")
    client = signed_in(world.sales)
    with django_assert_max_num_queries(20):
        page = client.get(reverse(URL), {"customer": "BETA"}).content.decode()
    assert theirs.number in page and mine.number not in page and "Acme Tools (1)" in page
    page = signed_in(world.partner).get(reverse(URL)).content.decode()
    assert mine.number in page and theirs.number not in page
    client = signed_in(world.partner)
    answer = client.post(reverse(URL), {"line": [theirs.lines.get().pk], "deed": "cancel", "reason": "x", "sure": "1"})
    assert answer.status_code == 400 and theirs.lines.get().quantity_cancelled == 0
