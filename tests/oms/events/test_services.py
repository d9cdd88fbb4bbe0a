"""The frame of every write: one transaction, events at its end, again on a deadlock."""

from __future__ import annotations

import json
import threading
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.db import connection, connections, transaction

from oms.access.services import create_user
from oms.accounts.selectors import system_user
from oms.events.models import Event, EventNote
from oms.events.selectors import timeline
from oms.events.services import command, current, use_case
from oms.kernel.canonical import digest
from oms.kernel.errors import Conflict, Unavailable
from tests.oms.events.conftest import raise_event


@pytest.mark.django_db
def test_an_event_carries_its_hash_and_no_free_text():
    event_id = raise_event(object_id=7, note="Mrs Smith called", amount=Decimal("3.50"), on=date(2026, 3, 2))
    event = Event.objects.get(pk=event_id)
    payload = bytes(event.payload)
    assert bytes(event.hash) == digest(payload)
    said = json.loads(payload)
    assert said == {
        "name": "thing.happened", "actor": system_user().pk, "at": event.at.isoformat(), "command": "test.raise",
        "subjects": [["thing", 7]], "data": {"amount": "3.50", "on": "2026-03-02"},
    }  # fmt: skip
    assert EventNote.objects.get(event_id=event_id).text == "Mrs Smith called"


@pytest.mark.django_db
def test_nested_commands_join_the_outermost(django_assert_num_queries):
    ada = create_user("ada", by=system_user())
    system_user()
    with command("outer", by=ada, at=datetime(2020, 1, 2, tzinfo=UTC)) as outer:
        with command("inner", by=system_user()) as inner:
            assert inner is outer
            inner.event("thing.happened", [("thing", 1)])
        assert timeline("thing", 1) == [], "events are appended at the end"
    (entry,) = timeline("thing", 1)
    assert (entry.actor, entry.at) == ("ada", datetime(2020, 1, 2, tzinfo=UTC))


@pytest.mark.django_db
def test_many_events_take_few_statements(django_assert_max_num_queries):
    with django_assert_max_num_queries(12), command("test", by=system_user()) as opened:
        ids = [opened.event("thing.happened", [("thing", 1)]) for _ in range(1000)]
    assert ids == sorted(set(ids))
    assert len(timeline("thing", 1, limit=2000)) == 1000


@pytest.mark.django_db
def test_a_refused_command_leaves_nothing():
    with pytest.raises(Conflict), command("test", by=system_user()) as opened:
        opened.event("thing.happened", [("thing", 1)])
        raise Conflict("no")
    assert timeline("thing", 1) == []
    with pytest.raises(AssertionError):
        current()


ROWS = "INSERT INTO oms_currency (code, exponent) VALUES ('AAA', 2), ('BBB', 2)"
LOCK = "UPDATE oms_currency SET exponent = 3 WHERE code = %s"


def crossing(barrier, tries):
    """A use case that takes two rows in the given order, meeting the other one in between the first time."""

    @use_case("test.cross")
    def cross(first, second, *, by):
        tries.append(first)
        with connection.cursor() as cursor:
            cursor.execute(LOCK, [first])
            if tries.count(first) == 1:
                barrier.wait(10)
            cursor.execute(LOCK, [second])
        current().event("thing.crossed", [("thing", 1)])

    return cross


def test_a_deadlock_is_tried_again_and_both_succeed(live_db):
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
    tries, refused = [], []
    cross = crossing(threading.Barrier(2), tries)

    def run(first, second):
        try:
            cross(first, second, by=system_user())
        except Exception as error:
            refused.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in (("AAA", "BBB"), ("BBB", "AAA"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert refused == []
    assert len(tries) == 3, "one of the two was tried again"
    assert len(timeline("thing", 1)) == 2


def test_a_lock_that_is_not_had_in_time_becomes_a_clear_refusal(live_db):
    with connection.cursor() as cursor:
        cursor.execute(ROWS)
        cursor.execute("SET lock_timeout = '100ms'")

    @use_case("test.lock")
    def lock(*, by):
        current().event("thing.locked", [("thing", 1)])
        with connection.cursor() as cursor:
            cursor.execute(LOCK, ["AAA"])

    holding, done = threading.Event(), threading.Event()

    def hold():
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(LOCK, ["AAA"])
                holding.set()
                done.wait(10)
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert holding.wait(10)
    with pytest.raises(Unavailable) as refused:
        lock(by=system_user())
    done.set()
    holder.join(10)
    assert (refused.value.code, refused.value.data) == ("busy", {"retry_after": 1})
    assert timeline("thing", 1) == []
