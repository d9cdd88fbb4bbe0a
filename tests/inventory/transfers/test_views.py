"""The pages of transfers: asked for in a grid, shipped and received by those whose ends they are, differences cleared."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from inventory.catalog.services import create_location
from inventory.models import Balance, Movement, Transfer
from inventory.transfers.services import Wanted, request_transfer
from oms.accounts.models import User
from oms.changes.models import ChangeRequest
from oms.company.models import Calendar
from tests.inventory.transfers.test_services import asked, came, line, on_hand, sent
from tests.world import World, location

pytestmark = pytest.mark.django_db


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def text(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content.decode()[:2_000]
    return str(response.content.decode())


def page(transfer: Transfer, step: str = "detail") -> str:
    return reverse(f"inventory:transfer-{step}", args=[transfer.number])


def request_data(**more: str) -> dict[str, str]:
    return {"source": "LYON", "target": "TURIN", "lines-0-product": "A", "lines-0-product-text": "A", "lines-0-quantity": "12",
            "lines-1-product": "B", "lines-1-quantity": "2 case", "lines-2-product": "", "lines-2-quantity": "", **more}  # fmt: skip


def test_a_transfer_is_asked_for_in_a_grid_with_units(client: Client, world: World) -> None:
    signed_in(client, world.warehouse)
    assert "Ask for a transfer" in text(client.get(reverse("inventory:transfer-list")))
    assert client.post(reverse("inventory:transfer-new"), request_data()).status_code == 302
    made = Transfer.objects.get()
    rows = made.lines.order_by("product__sku").values_list("product__sku", "quantity_requested")
    assert list(rows) == [("A", 12), ("B", 10)]
    assert made.number in text(
        client.get(reverse("inventory:transfer-list") + "?q=b&status=requested&source=LYON")
    )
    assert made.number not in text(client.get(reverse("inventory:transfer-list") + "?q=c"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lines-0-product": "", "lines-0-product-text": "NIX"}, "There is no product NIX"),
        ({"lines-1-quantity": "2 box"}, "box is not a unit of it: case, each"),
        ({"lines-1-quantity": "0.5 case"}, "not a whole number of base units"),
        ({"lines-0-quantity": "101"}, "101 asked, 100 free"),
        ({"lines-0-quantity": ""}, "Say how many units"),
        ({"target": "LYON"}, "from one location to another"),
        ({"ship_date": "2026-12-04", "arrives": "2026-12-01"}, "Before the day it leaves"),
        ({"ship_date": "soon"}, "soon is not a date"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_and_kept(
    client: Client, world: World, change: dict[str, str], said: str
) -> None:
    answer = signed_in(client, world.warehouse).post(
        reverse("inventory:transfer-new"), request_data(**change)
    )
    assert 400 <= answer.status_code < 500
    shown = answer.content.decode()
    assert said in shown and 'value="B"' in shown
    assert not Transfer.objects.exists()


def test_it_leaves_from_the_places_shown(client: Client, world: World) -> None:
    made = asked(world, 30)
    shown = text(signed_in(client, world.warehouse).get(page(made)))
    assert "It left" in shown and 'name="quantity" value="30"' in shown
    found = made.lines.get()
    data = {"key": str(uuid.uuid4()), "line": [found.pk], "quantity": ["28"], "bin": [""], "lot": [""], "expires": [""],
            "lines-0-product": "B", "lines-0-quantity": "1 case"}  # fmt: skip
    for _n in range(2):
        assert client.post(page(made, "ship"), data).status_code == 302
    assert on_hand(world)[0] == 72 and Balance.objects.get(product=world.products["B"]).on_hand == 5
    assert Movement.objects.filter(kind="transfer").count() == 2


def test_a_refusal_keeps_what_was_typed(client: Client, world: World) -> None:
    made = asked(world, 30)
    data = {
        "line": [made.lines.get().pk],
        "quantity": ["30 boxes"],
        "bin": ["Z9"],
        "lot": [""],
        "expires": [""],
    }
    shown = text(signed_in(client, world.warehouse).post(page(made, "ship"), data), 400)
    assert "boxes is not a unit" in shown and 'value="Z9"' in shown and 'value="30 boxes"' in shown
    data = {"line": [str(made.lines.get().pk + 1)], "quantity": ["30"], "bin": [""], "lot": [""], "expires": [""]}
    assert "not the transfer" in text(client.post(page(made, "ship"), data), 400)
    assert on_hand(world)[0] == 100


def test_it_comes_in_and_nothing_more_comes(client: Client, world: World, tina: User) -> None:
    made = sent(world, 30)
    shown = text(signed_in(client, tina).get(page(made)))
    assert "nothing more comes" in shown and "It left" not in shown
    data = {
        "key": str(uuid.uuid4()),
        "line": [made.lines.get().pk],
        "quantity": ["27"],
        "bin": ["R1"],
        "lot": [""],
        "expires": [""],
        "last": "1",
    }
    assert client.post(page(made, "receive"), data).status_code == 302
    assert Balance.objects.get(product=world.products["A"], location_id=world.turin, bin="R1").on_hand == 27
    shown = text(client.get(page(made)))
    assert "3 did not come to Turin" in shown and "Look at the source" not in shown
    assert client.post(page(made, "give-up"), {"reason": "broken"}).status_code == 302
    assert ChangeRequest.objects.get().amount == 15
    assert "waits for its second person" in text(client.get(page(made)))


def test_the_source_corrects_what_left(client: Client, world: World) -> None:
    made = sent(world, 30)
    came(world, made, 27, last=True)
    signed_in(client, world.warehouse)
    assert "3 never left" in text(client.get(page(made)))
    assert (
        client.post(
            page(made, "correct"), {"product": "A", "quantity": "-3", "bin": "", "lot": ""}
        ).status_code
        == 302
    )
    made.refresh_from_db()
    assert (made.status, line(made), on_hand(world)) == ("done", (27, 27, 0, 0, 0), (73, 77))


def test_it_is_moved_cancelled_and_closed_by_its_people(client: Client, world: World, tina: User) -> None:
    first, second = asked(world, 5), sent(world, 5)
    signed_in(client, world.manager)
    assert client.post(page(first, "move"), {"arrives": "2030-05-06", "reason": "later"}).status_code == 302
    assert client.post(page(first, "cancel"), {"reason": "not needed"}).status_code == 302
    assert client.post(page(second, "close")).status_code == 403
    assert signed_in(client, tina).post(page(second, "close")).status_code == 302
    assert [x.status for x in Transfer.objects.order_by("pk")] == ["cancelled", "differs"]


def test_people_see_transfers_of_their_locations_only(client: Client, world: World, tina: User) -> None:
    nice = create_location(location("NICE", "Nice", Calendar.objects.get().pk, "FR"), by=world.system)
    made = request_transfer(world.lyon, nice, [Wanted(world.products["A"].pk, 1)], by=world.manager)
    assert signed_in(client, tina).get(page(made)).status_code == 404
    assert made.number not in text(client.get(reverse("inventory:transfer-list")))
    assert text(signed_in(client, world.manager).get(page(made)))


@pytest.mark.parametrize("products", [1, 3])
def test_the_page_takes_the_same_number_of_statements(
    client: Client, world: World, products: int, django_assert_max_num_queries: Any
) -> None:
    items = [Wanted(world.products[sku].pk, 1) for sku in "AB"[:products]]
    made = request_transfer(world.lyon, world.turin, items, by=world.warehouse)
    signed_in(client, world.warehouse).get(page(made))
    with django_assert_max_num_queries(20):
        text(client.get(page(made)))
    with django_assert_max_num_queries(8):
        text(client.get(reverse("inventory:transfer-list")))


def test_the_note_is_printed(client: Client, world: World) -> None:
    for made in (asked(world, 5), sent(world, 5)):
        answer = signed_in(client, world.warehouse).get(
            reverse("inventory:transfer-note-pdf", args=[made.number])
        )
        assert answer.status_code == 200 and answer.content.startswith(b"%PDF")


def test_the_receive_page_leads_to_the_transfer(client: Client, world: World) -> None:
    made = sent(world, 5)
    shown = text(signed_in(client, world.warehouse).get(reverse("inventory:receive")))
    assert page(made) in shown and f'">{made.number} ·' not in shown
