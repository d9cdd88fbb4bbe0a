"""The pages and the API of feeds, and the file that says the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse

from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.services import Sent, receive_messages, run_feed
from oms.access.services import create_partner_key
from tests.inventory.feeds.test_feeds import fact, lies, old
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


@pytest.fixture
def feed(world: World) -> Feed:
    """Message 1 is in quarantine, 2 is posted, 4 waits behind a gap."""
    made = Feed.objects.create(code="wms", name="Lyon's WMS", user=world.warehouse)
    bodies = {1: fact("received", ("X-9", 5)), 2: fact("comparison", ("A", 98)), 4: fact("count", ("A", 7))}
    receive_messages(made.pk, [Sent(seq, f"m{seq}", body) for seq, body in bodies.items()], by=world.warehouse)
    run_feed(made.pk)
    return made


def signed_in(client: Client, user: Any) -> Client:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def page(client: Client, name: str, *arguments: Any) -> str:
    answer = client.get(reverse(f"inventory:{name}", args=arguments))
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_feeds_say_how_far_each_is(client: Client, world: World, feed: Feed) -> None:
    signed_in(client, world.warehouse)
    assert "Lyon&#x27;s WMS" in page(client, "feed-list")
    body = page(client, "feed-detail", "wms")
    assert "Next is message 3." in body and "1 wait behind it" in body and "X-9 is not known as a product." in body
    assert "Give up the gap" not in body and "Give up the gap" in page(signed_in(client, world.manager), "feed-detail", "wms")
    assert client.get(reverse("inventory:feed-detail", args=["other"])).status_code == 404


def test_a_code_is_mapped_on_the_page_and_the_message_posted(client: Client, world: World, feed: Feed) -> None:
    signed_in(client, world.warehouse)
    held = FeedMessage.objects.get(seq=1).pk
    assert "X-9 is our" in page(client, "feed-message", held)
    assert client.post(reverse("inventory:feed-replay", args=[held])).status_code == 422
    assert client.post(reverse("inventory:feed-map", args=[held]), {"kind": "product", "code": "X-9", "target": "nothing"}).status_code == 400
    assert client.post(reverse("inventory:feed-map", args=[held]), {"kind": "product", "code": "X-9", "target": "B"}).status_code == 302
    assert client.post(reverse("inventory:feed-replay", args=[held])).status_code == 302
    assert lies("B") == 15 and "Post it now" not in page(client, "feed-message", held)


def test_a_comparison_shows_its_differences(client: Client, world: World, feed: Feed) -> None:
    body = page(signed_in(client, world.warehouse), "feed-message", FeedMessage.objects.get(seq=2).pk)
    assert "Differences to the books" in body and ">98<" in body and ">-2<" in body


def test_a_manager_gives_up_the_gap_discards_and_begins_anew(client: Client, world: World, feed: Feed) -> None:
    signed_in(client, world.manager)
    assert client.post(reverse("inventory:feed-skip", args=["wms"]), {"reason": "lost"}).status_code == 302
    run_feed(feed.pk)
    assert lies("A") == 7
    assert client.post(reverse("inventory:feed-discard", args=[FeedMessage.objects.get(seq=1).pk]), {"reason": "a mistake"}).status_code == 302
    assert client.post(reverse("inventory:feed-reset", args=["wms"]), {"reason": "new server"}).status_code == 302
    feed.refresh_from_db()
    assert (feed.epoch, feed.next_seq, FeedMessage.objects.get(seq=1).state) == (2, 1, "discarded")


def test_messages_of_elsewhere_are_not_seen(client: Client, world: World, feed: Feed) -> None:
    held = FeedMessage.objects.get(seq=2)
    world.warehouse.locations.filter(location_id=world.lyon).delete()
    assert signed_in(client, world.warehouse).get(reverse("inventory:feed-message", args=[held.pk])).status_code == 404


def api(world: World, method: str, path: str, body: Any = None, scopes: tuple[str, ...] = ("feeds",)) -> Any:
    """A call with a key of the warehouse's machine."""
    _row, secret = create_partner_key(world.warehouse.pk, "wms", list(scopes), by=world.system)
    client = Client(raise_request_exception=False)
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.generic(method, f"/api/v1/{path}", data, content_type="application/json", headers={"Authorization": f"Bearer {secret}"})


def test_a_machine_sends_with_its_key_and_asks_what_became_of_it(world: World, feed: Feed) -> None:
    sent = {"messages": [{"seq": 3, "id": "m3", **fact("movement", ("A", -1), reason="loss")}, {"seq": 2, "id": "other", "kind": "count"}]}
    answer = api(world, "POST", "feeds/wms/messages/", sent)
    assert answer.status_code == 202, answer.content
    assert answer.json()["messages"] == {"3": "kept", "2": "ignored"}
    run_feed(feed.pk)
    state = api(world, "GET", "feeds/wms/").json()
    assert (state["next"], state["waiting_since"], state["ignored"]) == (5, None, 1)
    told = {m["seq"]: m for m in api(world, "GET", "feeds/wms/messages/").json()["results"]}
    assert told[1]["problems"] == ["X-9 is not known as a product."] and told[4]["state"] == "applied"
    assert api(world, "GET", "feeds/wms/", scopes=("orders",)).status_code == 403
    assert api(world, "GET", "feeds/other/").status_code == 404


@pytest.mark.parametrize("body", [
    b"", b"[]", b"{", b"\xff", {"messages": [{"id": "x"}]}, {"messages": [{"seq": 0, "id": "x"}]}, {"messages": [{"seq": True, "id": "x"}]},
    {"messages": [{"seq": 9, "id": ""}]}, {"messages": [{"seq": 9, "id": "a\x00"}]}, {"messages": [{"seq": 2**70, "id": "x"}]}, {"messages": []},
    {"messages": [{"seq": 9}]}, {"messages": ["x"]},
])  # fmt: skip
def test_a_call_that_names_no_messages_is_refused_and_nothing_is_kept(world: World, feed: Feed, body: Any) -> None:
    before = FeedMessage.objects.count()
    answer = api(world, "POST", "feeds/wms/messages/", body)
    assert (answer.status_code, FeedMessage.objects.count()) == (400, before)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("more", [{"note": "a\x00b"}, {"rows": 1.5}, {"kind": ["x"]}, {"rows": [{"sku": "A", "quantity": 10**30}]}])
def test_whatever_the_content_is_it_is_kept(world: World, feed: Feed, more: Any) -> None:
    body = {"messages": [{"seq": 3, "id": "m3", **old("count", ("A", 1)), **more}]}
    assert api(world, "POST", "feeds/wms/messages/", body).status_code == 202
    run_feed(feed.pk)
    assert FeedMessage.objects.get(seq=3).findings[0]["code"] == "unreadable"


def test_a_file_says_the_same_and_twice_changes_nothing(world: World, feed: Feed, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "feed.csv"
    path.write_text("message,kind,at,location,reason,sku,quantity\nwms/3,movement,2026-01-02 10:00,LYON,loss,A,-1\nwms/3,,,,,B,-2\nwms/5,count,2026-01-03 10:00,LYON,,A,50\n")
    call_command("import_feed", str(path), by="warehouse")
    run_feed(feed.pk)
    assert FeedMessage.objects.filter(state="applied").count() == 4 and FeedMessage.objects.get(seq=3).body["rows"][1] == {"sku": "B", "quantity": -2}
    call_command("import_feed", str(path), by="warehouse")
    assert FeedMessage.objects.count() == 5


@pytest.mark.parametrize(("row", "says"), [
    ("other/3,count,2026-01-02 10:00,LYON,,A,1", "names no feed of yours"), ("wms,count,2026-01-02 10:00,LYON,,A,1", "names no feed of yours"),
    ("wms/3,count,,LYON,,A,1", "at: is missing"), ("wms/3,guess,2026-01-02 10:00,LYON,,A,1", "is not one of"),
])  # fmt: skip
def test_a_file_that_names_no_message_is_refused_by_row_and_column(world: World, feed: Feed, tmp_path: Path, capsys: Any, row: str, says: str) -> None:
    path = tmp_path / "feed.csv"
    path.write_text(f"message,kind,at,location,reason,sku,quantity\n{row}\n")
    with pytest.raises(CommandError):
        call_command("import_feed", str(path), by="warehouse")
    assert says in capsys.readouterr().out and FeedMessage.objects.count() == 3
