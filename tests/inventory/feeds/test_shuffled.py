"""Whatever happens to messages on their way (shuffled, doubled, cut off in the middle, late), the stock ends as if they had come in order.

A few sequences in the suite, ten thousand by `make soak`; the number of a failing one is its seed.
"""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.services import Sent, receive_messages, run_feed
from inventory.models import Balance, LocationStaff, Movement
from oms.access.services import create_partner_key
from tests.depth import SOAKING
from tests.inventory.feeds.test_feeds import clock, fact, sound
from tests.world import World

pytestmark = pytest.mark.django_db
SEQUENCES, BLOCK = (10_000, 100) if SOAKING else (8, 4)


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def story(dice: random.Random) -> list[dict[str, Any]]:
    """Three to eight facts of one warehouse, at growing times of the last day."""
    begin, told = clock() - timedelta(days=1), []
    for n in range(dice.randint(3, 8)):
        at = (begin + timedelta(minutes=30 * n)).isoformat()
        sku, other = dice.sample(["A", "B", "C"], 2)
        kind = dice.choice(["movement", "movement", "count", "full", "comparison"])
        if kind == "movement":
            told.append(fact("movement", (sku, dice.choice([-7, -2, -1, 1, 3])), (other, dice.choice([-1, 1])), reason="loss", at=at))
        elif kind == "full":
            told.append(fact("count", (sku, dice.randint(0, 120)), (other, dice.randint(0, 20)), at=at, full=True))
        else:
            told.append(fact(kind, (sku, dice.randint(0, 120)), at=at))
    return told


def ends(feed: Feed, calls: list[list[tuple[int, dict[str, Any]]]]) -> tuple[dict[str, int], list[tuple[str, int]]]:
    """What lies where, and what moved in which order, once these calls were made; rolled back."""
    with transaction.atomic():
        for call in calls:
            receive_messages(feed.pk, [Sent(seq, f"m{seq}", body) for seq, body in call], by=feed.user)
            run_feed(feed.pk)
        assert not FeedMessage.objects.exclude(state="applied").exists()
        rows = Balance.objects.filter(location__code="LYON").values_list("product__sku", "on_hand")
        lies = {sku: sum(n for s, n in rows if s == sku) for sku, _n in rows}
        moved = list(Movement.objects.filter(kind__in=["adjust", "count", "found"]).order_by("pk").values_list("kind", "quantity"))
        sound()
        transaction.set_rollback(True)
    return lies, moved


def cut_off(client: Client, message: tuple[int, dict[str, Any]], dice: random.Random) -> None:
    """A call that ends in the middle of its body is refused whole."""
    seq, body = message
    whole = json.dumps({"messages": [{"seq": seq, "id": f"m{seq}", **body}]})
    before = FeedMessage.objects.count()
    answer = client.post(reverse("api:feed-messages", args=["wms"]), whole[: dice.randint(1, len(whole) - 1)], content_type="application/json")
    assert answer.status_code == 400 and FeedMessage.objects.count() == before


@pytest.mark.parametrize("first", range(0, SEQUENCES, BLOCK))
def test_the_stock_is_as_if_they_had_come_in_order(world: World, first: int) -> None:
    LocationStaff.objects.filter(location_id=world.turin).delete()
    feed = Feed.objects.create(code="wms", name="Lyon's WMS", user=world.warehouse)
    _row, secret = create_partner_key(world.warehouse.pk, "wms", ["feeds"], by=world.system)
    client = Client(headers={"Authorization": f"Bearer {secret}"})
    for seed in range(first, first + BLOCK):
        dice = random.Random(seed)
        told = list(enumerate(story(dice), 1))
        ordered = ends(feed, [told])
        mixed = [*told, *dice.sample(told, dice.randint(0, len(told)))]
        dice.shuffle(mixed)
        calls = []
        while mixed:
            size = dice.randint(1, 4)
            calls.append(mixed[:size])
            mixed = mixed[size:]
        cut_off(client, dice.choice(told), dice)
        assert ends(feed, calls) == ordered, f"seed {seed}"
