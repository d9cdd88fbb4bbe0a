"""The pages of counts: a sheet is made, keyed or walked, its differences are shown, and it is posted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.counts.services import Scope, key_counts, open_sheet, post_sheet
from inventory.models import Balance, CountSheet, StorageLocation
from oms.accounts.models import User
from tests.inventory.counts.test_services import keyed, opened, sheet
from tests.orders.fulfilment.test_facts import released
from tests.world import World

pytestmark = pytest.mark.django_db


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2_000]
    return str(response.content.decode())


def page(made: CountSheet, step: str = "detail") -> str:
    return reverse(f"inventory:count-{step}", args=[made.number])


def minute() -> str:
    """The minute before everything was opened, as the field holds it (the locations keep UTC)."""
    return opened().strftime("%Y-%m-%dT%H:%M:%S.%f")


def test_a_sheet_is_made_of_bins(client: Client, world: World) -> None:
    signed_in(client, world.warehouse)
    shown = text(client.get(reverse("inventory:count-new")))
    assert "Hammers" in shown
    key = shown.split('name="idempotency_key" value="')[1].split('"')[0]
    data = {"idempotency_key": key, "location": "LYON", "bin_from": "R1", "bin_to": "R2", "family": "", "not_since": "", "note": "spring"}
    assert client.post(reverse("inventory:count-new"), data).status_code == 302
    made = CountSheet.objects.get()
    shown = text(client.get(page(made)))
    assert "0 of 3 places counted" in shown and "spring" in shown
    assert made.number in text(client.get(reverse("inventory:count-list") + "?status=open&location=LYON"))
    assert "Nothing lies there" in text(client.post(reverse("inventory:count-new"), {**data, "bin_from": "Z"}), 400)


def test_the_sheet_does_not_say_what_the_books_say(client: Client, world: World) -> None:
    made = sheet(world, bin_from="R1", bin_to="R1")
    shown = text(signed_in(client, world.warehouse).get(page(made)))
    assert 'value="20"' not in shown and ">20<" not in shown
    answer = client.get(reverse("inventory:count-pdf", args=[made.number]))
    assert answer.status_code == 200 and answer.content.startswith(b"%PDF")


def test_it_is_keyed_seen_and_posted(client: Client, world: World) -> None:
    order, _shipment = released(world, 45)
    made = sheet(world)
    lines = {(x.bin, x.product.sku): x.pk for x in made.lines.select_related("product")}
    signed_in(client, world.warehouse)
    data = {"as_of": minute(), f"count-{lines['R1', 'A']}": "18", f"count-{lines['', 'A']}": "20", f"count-{lines['R2', 'B']}": "1 case",
            f"count-{lines['', 'B']}": "", "lines-0-product": "C", "lines-0-quantity": "3", "lines-0-bin": "R7"}  # fmt: skip
    shown = text(client.post(page(made, "key"), {**data, "next": "1"}, follow=True))
    assert "4 places written down" in shown and "4 of 6 places counted" in shown
    assert "Orders hold 25 units that are not there" in shown and "−10.00" in shown and "45.00" in shown
    assert Balance.objects.get(bin="R1").on_hand == 20
    shown = text(client.post(page(made, "post"), follow=True))
    assert "Orders lost 25 units" in shown and order.number in shown
    assert Balance.objects.get(bin="R1").on_hand == 18 and Balance.objects.get(bin="R7").on_hand == 3
    assert "This sheet is closed" in text(client.get(page(made, "differences")))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"as_of": ""}, "Say when it was counted"),
        ({"as_of": "2040-01-01T10:00"}, "Nothing was counted in the future"),
        ({"count": "many"}, "many is not a number of units"),
        ({"count": "1 box"}, "box is not a unit of it"),
        ({"lines-0-product": "NIX", "lines-0-quantity": "1"}, "There is no product NIX"),
        ({"lines-0-product": "C", "lines-0-quantity": ""}, "Say how many units"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(client: Client, world: World, change: dict[str, str], said: str) -> None:
    made = sheet(world, bin_from="R1")
    first, second, *_rest = made.lines.order_by("pk")
    data = {"as_of": minute(), f"count-{first.pk}": change.pop("count", "18"), f"count-{second.pk}": "31", **change}
    shown = text(signed_in(client, world.warehouse).post(page(made, "key"), data), 400)
    assert said in shown and 'value="31"' in shown
    assert not made.lines.filter(quantity__isnull=False).exists()


def test_it_is_walked_on_a_phone(client: Client, world: World) -> None:
    made = sheet(world, bin_from="R1", bin_to="R1")
    signed_in(client, world.warehouse)
    (line,) = made.lines.all()
    assert "R1" in text(client.get(page(made, "walk")))
    assert "Say how many units" in text(client.post(page(made, "walk"), {"line": line.pk, "quantity": ""}), 400)
    assert "Open the sheet again" in text(client.post(page(made, "walk"), {"line": "0", "quantity": "5"}), 400)
    shown = text(client.post(page(made, "walk"), {"line": line.pk, "quantity": "19"}, follow=True))
    assert "Every place is counted" in shown and "Written down" in shown
    line.refresh_from_db()
    assert line.quantity == 19


def test_later_leaves_a_place_for_the_end(client: Client, world: World) -> None:
    made = sheet(world, bin_from="R1")
    first = made.lines.order_by("pk")[0]
    signed_in(client, world.warehouse)
    assert "R2" in text(client.get(page(made, "walk") + f"?after={first.pk}")).split("pick-where")[1][:200]
    last = made.lines.order_by("-pk")[0]
    assert "R1" in text(client.get(page(made, "walk") + f"?after={last.pk}")).split("pick-where")[1][:200]


def test_the_manager_looks_at_what_differs_by_much(client: Client, world: World) -> None:
    StorageLocation.objects.filter(pk=world.lyon).update(adjustment_limit=0)
    made = sheet(world)
    keyed(world, made, R1=19)
    assert "a manager looks at it afterwards" in text(signed_in(client, world.warehouse).get(page(made, "differences")))
    post_sheet(made.pk, by=world.warehouse)
    assert "wait for a manager" in text(client.get(page(made)))
    assert client.post(page(made, "review"), {"reason": "x"}).status_code == 403
    shown = text(signed_in(client, world.manager).get(page(made)))
    assert "I have looked at it" in shown
    assert "the shelf" in text(client.post(page(made, "review"), {"reason": "the shelf"}, follow=True))


def test_it_is_cancelled_with_a_reason(client: Client, world: World) -> None:
    made = sheet(world)
    signed_in(client, world.warehouse)
    assert client.post(page(made, "cancel"), {"reason": ""}).status_code == 400
    assert "Nothing was moved" in text(client.post(page(made, "cancel"), {"reason": "twice"}, follow=True))


def test_sheets_of_other_locations_are_not_seen(client: Client, world: World) -> None:
    made = sheet(world)
    world.warehouse.locations.filter(location_id=world.lyon).delete()
    signed_in(client, world.warehouse)
    for step in ("detail", "walk", "differences"):
        assert client.get(page(made, step)).status_code == 404
    assert made.number not in text(client.get(reverse("inventory:count-list")))


@pytest.mark.parametrize("bins", [1, 3])
def test_pages_take_the_same_number_of_statements(client: Client, world: World, bins: int, django_assert_max_num_queries: Any) -> None:
    made = open_sheet(world.lyon, Scope(bin_from="" if bins == 3 else "R2"), by=world.warehouse)
    key_counts(made.pk, {x.pk: 1 for x in made.lines.all()}, opened(), by=world.warehouse)
    signed_in(client, world.warehouse).get(page(made))
    with django_assert_max_num_queries(14):
        text(client.get(page(made)))
    with django_assert_max_num_queries(13):
        text(client.get(page(made, "differences")))
