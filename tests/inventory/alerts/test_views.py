"""The pages of alerts: the list and its export, the transfers taken up by a key, levels kept by a manager."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.alerts.services import refresh_alerts, set_levels
from inventory.models import Availability, Transfer
from inventory.stock.services import Change, adjust
from reporting.problems.selectors import problems
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    """A is short of its safety stock in LYON and plenty in TURIN."""
    made = World.make()
    a = made.products["A"].pk
    set_levels(a, 0, {made.lyon: 90}, by=made.manager)
    adjust(made.lyon, [Change(a, "", "", -60)], "loss", by=made.warehouse)
    refresh_alerts(by=made.system)
    return made


def signed_in(client: Client, user: Any) -> Client:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_the_list_shows_and_exports_what_runs_low(client: Client, world: World) -> None:
    page = signed_in(client, world.warehouse).get(reverse("inventory:alert-list"))
    assert page.status_code == 200 and "Below safety stock" in page.content.decode()
    assert "Adjustable spanner" not in signed_in(client, world.warehouse).get(reverse("inventory:alert-list"), {"kind": "dormant"}).content.decode()
    exported = client.get(reverse("inventory:alert-list"), {"export": "csv"})
    assert b"Below safety stock" in b"".join(exported.streaming_content if exported.streaming else [exported.content])


def test_a_proposed_transfer_is_asked_for_and_then_stands_no_more(client: Client, world: World) -> None:
    page = signed_in(client, world.manager).get(reverse("inventory:alert-transfers"))
    body = page.content.decode()
    key = page.context["rows"][0][0].key
    assert f'value="{key}" checked' in body and 'data-key="a"' in body
    assert client.post(reverse("inventory:alert-transfers"), {"chosen": [key]}).status_code == 302
    made = Transfer.objects.get()
    assert (made.source_id, made.target_id) == (world.turin, world.lyon)
    again = client.post(reverse("inventory:alert-transfers"), {"chosen": [key]})
    assert again.status_code == 409 and "not proposed any more" in again.content.decode()
    assert Transfer.objects.count() == 1


def test_a_manager_keeps_levels_and_the_warehouse_reads_them(client: Client, world: World) -> None:
    url = reverse("inventory:stock-levels", args=["A"])
    signed_in(client, world.manager)
    assert client.post(url, {"reorder_level": "7", f"safety-{world.lyon}": "20", f"safety-{world.turin}": "0"}).status_code == 302
    signed_in(client, world.warehouse)
    body = client.get(url).content.decode()
    assert "A manager sets levels." in body and "<form method=\"post\" data-once data-guard" not in body and "Reorder at" in body
    refused = signed_in(client, world.manager).post(url, {"reorder_level": "7", f"safety-{world.lyon}": "9999", f"safety-{world.turin}": "0"})
    assert refused.status_code == 409


def test_what_runs_low_is_a_problem_with_its_money(world: World) -> None:
    found = [p for p in problems(world.warehouse) if p.kind.code == "stock.low"]
    assert [(p.number, p.amount) for p in found] == [("A", 50 * world.products["A"].standard_cost)]
    assert "50 units below the safety stock of 90" in found[0].sentence


def test_a_level_beyond_all_numbers_is_refused_clearly(client: Client, world: World) -> None:
    url = reverse("inventory:stock-levels", args=["A"])
    answer = signed_in(client, world.manager).post(url, {"reorder_level": "9" * 19, f"safety-{world.lyon}": "20", f"safety-{world.turin}": "0"})
    assert answer.status_code == 400 and "out of range" in answer.content.decode()
    assert Availability.objects.get(product__sku="A", location_id=world.lyon).safety == 90
