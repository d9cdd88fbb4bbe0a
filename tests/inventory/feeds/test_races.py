"""Two workers and one feed: a message is posted once. With its red control. And what the database itself refuses."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from inventory.feeds.models import Feed, FeedMessage
from inventory.feeds.services import Sent, applying, receive_messages, reset_feed, run_feed
from inventory.models import Movement
from oms.events.models import Event
from oms.events.verification import verify
from tests.inventory.feeds.test_feeds import fact, lies
from tests.racing import race
from tests.world import World

HOLD = ("SELECT FROM inventory_feed FOR UPDATE",)


@pytest.fixture
def world(live_db: str) -> World:
    """The small company in a database of its own, committed."""
    return World.make()


@pytest.fixture
def feed(world: World) -> Feed:
    made = Feed.objects.create(code="wms", name="Lyon's WMS", user=world.warehouse)
    bodies = [fact("received", ("A", 5)), fact("received", ("A", 1))]
    receive_messages(made.pk, [Sent(n, f"m{n}", body) for n, body in enumerate(bodies, 1)], by=world.warehouse)
    return made


def test_two_workers_post_each_message_once(feed: Feed, superuser: Any) -> None:
    answers = race(superuser, HOLD, [lambda: run_feed(feed.pk)] * 2)
    assert [a for a in answers if isinstance(a, Exception)] == []
    feed.refresh_from_db()
    assert (lies("A"), feed.next_seq, Movement.objects.filter(kind="receipt", reason="").count()) == (106, 3, 2)
    assert [o.code for o in verify("inventory.feeds") if o.rows] == []


def test_without_the_lock_the_next_number_runs_away(feed: Feed, superuser: Any, monkeypatch: Any) -> None:
    """The source still posts a fact once, but the sequence is counted twice: messages would be passed over unseen."""
    monkeypatch.setattr(applying, "lock_feed_message", lambda pk: (Feed.objects.get(), FeedMessage.objects.get(pk=pk)))
    race(superuser, ("SELECT FROM inventory_availability FOR UPDATE",), [lambda: applying.post_next(feed.pk, by=feed.user)] * 2)
    assert Movement.objects.filter(kind="receipt", reason="").count() == 1
    assert Event.objects.filter(name="feed.posted").count() == 2, "both say that they posted it"


def refused(sql: str) -> str:
    """The name of the constraint that refuses a statement, or what the trigger says."""
    with pytest.raises((IntegrityError, ProgrammingError)) as error, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    return str(error.value.__cause__.diag.constraint_name or error.value)


@pytest.mark.parametrize(("sql", "guard"), [
    ("UPDATE inventory_feed SET next_seq = 1", "feed_forward"),
    ("UPDATE inventory_feedmessage SET state = 'waiting', settled_at = NULL WHERE seq = 1", "feed_state_edge"),
    ("UPDATE inventory_feedmessage SET state = 'discarded', settled_at = now() WHERE seq = 2", "feed_state_edge"),
    ("UPDATE inventory_feedmessage SET body = '{}'", "inventory_feedmessage_frozen"),
    ("DELETE FROM inventory_feedmessage", "inventory_feedmessage"),
    ("INSERT INTO inventory_feedmessage (feed_id, epoch, seq, external_id, body, body_hash, state, findings, outcome, event_id, settled_at) "
     "SELECT feed_id, epoch, 9, 'm9', body, body_hash, 'applied', findings, outcome, event_id, now() FROM inventory_feedmessage LIMIT 1", "feed_state_edge"),
    ("INSERT INTO inventory_feedmessage (feed_id, epoch, seq, external_id, body, body_hash, state, findings, outcome, event_id) "
     "SELECT feed_id, epoch, 1, 'm9', body, body_hash, 'waiting', findings, outcome, event_id FROM inventory_feedmessage LIMIT 1", "feed_number_once"),
])  # fmt: skip
def test_the_database_refuses_what_the_services_never_do(feed: Feed, sql: str, guard: str) -> None:
    applying.post_next(feed.pk, by=feed.user)
    assert guard in refused(sql)


def test_numbers_that_ran_away_are_found_by_verify(feed: Feed, superuser: Any) -> None:
    applying.post_next(feed.pk, by=feed.user)
    Feed.objects.update(next_seq=5)
    assert [o.code for o in verify("inventory.feeds") if o.rows] == ["I35f"]
    Feed.objects.update(epoch=2, next_seq=1)
    assert [o.code for o in verify("inventory.feeds") if o.rows] == ["I35f"], "one was left waiting"


def test_a_reset_leaves_nobody_waiting(feed: Feed, world: World) -> None:
    applying.post_next(feed.pk, by=feed.user)
    reset_feed(feed.pk, "a new server", by=world.manager)
    assert [o.code for o in verify("inventory.feeds") if o.rows] == []
