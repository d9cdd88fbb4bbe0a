"""Shipments and products by API: one's own, with what is in them and in which units."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.fulfilment.services import ship
from tests.orders.fulfilment.test_facts import released
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def as_(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_shipment_says_what_left_and_where_it_is(world: World) -> None:
    order, shipment = released(world, 30)
    ship(shipment.pk, by=world.warehouse, tracking_number="XP1")
    client = as_(world.partner)
    (row,) = client.get(reverse("api:shipment-list") + f"?order={order.number}").json()["results"]
    assert (row["number"], row["status"], row["tracking_number"]) == (shipment.number, "shipped", "XP1")
    found = client.get(reverse("api:shipment-detail", args=[shipment.number])).json()
    assert found["lines"] == [{"position": 1, "sku": "A", "quantity": 30, "delivered": 0, "undelivered": 0, "returned": 0}]
    assert client.get(reverse("api:shipment-list") + "?order=SO0").json()["results"] == []
    assert client.get(reverse("api:shipment-detail", args=["SH0"])).status_code == 404


def test_products_say_how_they_are_ordered(world: World) -> None:
    client = as_(world.partner)
    assert {x["sku"] for x in client.get(reverse("api:product-list")).json()["results"]} >= {"A", "B", "C"}
    found = client.get(reverse("api:product-detail", args=["B"])).json()
    assert found["units"] == [{"code": "case", "num": 5, "den": 1}] and "standard_cost" not in found
    assert client.get(reverse("api:product-detail", args=["Z"])).status_code == 404
