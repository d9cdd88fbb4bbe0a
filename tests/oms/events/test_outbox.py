"""At least once delivered, once done; what fails is tried five times and then waits for a person."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

import pytest
from django.db import connections

from oms.access.services import create_user
from oms.accounts.selectors import system_user
from oms.events import outbox
from oms.events.consumers import about, consumer, consumer_of_many
from oms.events.models import Event
from oms.events.outbox import drain_consumer, revive
from oms.events.selectors import given_up, timeline
from oms.events.services import command, current, historic
from oms.events.tasks import DeliveriesFailed, _distribute_own, drain, drain_all
from oms.kernel.errors import Forbidden, NotFound
from tests.oms.events.conftest import deliveries, make_due, raise_event, rows, seal


@pytest.mark.django_db
def test_a_consumer_hears_the_event_as_it_was_said(listen):
    heard = []
    listen("first", ["thing.happened"])(heard.append)
    at = datetime(2020, 1, 2, tzinfo=UTC)
    event_id = raise_event(object_id=7, at=at, amount="3.50")
    assert drain_all() == 1
    (news,) = heard
    assert (news.id, news.name, news.at, news.data) == (event_id, "thing.happened", at, {"amount": "3.50"})
    assert news.subject("thing") == 7


@pytest.mark.django_db
def test_the_effect_is_the_systems_at_the_events_business_time(listen):
    at = datetime(2020, 1, 2, tzinfo=UTC)
    listen("first", ["thing.happened"])(lambda news: current().event("thing.answered", news.subjects) and None)
    raise_event(object_id=7, at=at)
    drain_all()
    answer = timeline("thing", 7)[-1]
    assert (answer.name, answer.at, answer.by_system) == ("thing.answered", at, True)


@pytest.mark.django_db
def test_news_that_make_news_are_drained_to_the_end(listen):
    heard = []
    listen("first", ["thing.happened"])(lambda news: current().event("thing.next", news.subjects) and None)
    listen("second", ["thing.next"])(lambda news: heard.append(news.name))
    raise_event()
    assert drain_all() == 2
    assert heard == ["thing.next"]


@pytest.mark.django_db
def test_news_that_do_not_concern_a_consumer_are_done_without_it(listen):
    heard, asked = [], []

    def concerns(news):
        asked.append(sorted(each.subject("thing") for each in news))
        return {each.id for each in news if each.subject("thing") == 2}

    listen("first", ["thing.happened"], concerns=concerns)(lambda news: heard.append(news.subject("thing")))
    for object_id in (1, 2, 3):
        raise_event(object_id=object_id)
    assert drain_all() == 1
    assert (heard, asked) == ([2], [[1, 2, 3]])
    assert [d[2:] for d in deliveries()] == [("done", 1)] * 3


@pytest.mark.django_db
def test_news_of_which_it_cannot_be_told_whom_they_concern_hold_up_no_other(listen):
    heard = []

    def concerns(news):
        raise ValueError("no subject")

    listen("first", ["thing.happened"], concerns=concerns)(lambda news: heard.append(news.subject("thing")))
    raise_event(object_id=1)
    raise_event(object_id=2)
    assert drain_all() == 2
    assert heard == [1, 2]


@pytest.mark.django_db
def test_news_concern_by_any_of_their_subjects_and_without_one_nobody(listen):
    heard = []
    listen("first", ["thing.happened"], concerns=about("thing", lambda things: things & {2}))(lambda news: heard.append(news.all("thing")))
    listen("second", ["thing.happened"], concerns=about("order", lambda orders: orders))(lambda news: heard.append("never"))
    for things in ([1], [1, 2], [3]):
        with command("test.raise", by=system_user()) as opened:
            opened.event("thing.happened", [("thing", n) for n in things], {})
    assert drain_all() == 1
    assert heard == [[1, 2]]


@pytest.mark.django_db
def test_drained_twice_the_effect_is_there_once(listen):
    heard = []
    listen("first", ["thing.happened"])(heard.append)
    raise_event()
    assert (drain_all(), drain_all()) == (1, 0)
    drain("first")
    assert len(heard) == 1
    assert [d[2:] for d in deliveries()] == [("done", 1)]


@pytest.mark.django_db
def test_a_failure_rolls_back_its_effect_and_holds_up_no_other(listen):
    @listen("first", ["thing.happened"])
    def handle(news):
        current().event("thing.answered", news.subjects)
        if news.subject("thing") == 1:
            raise ValueError("not this one")

    bad, good = raise_event(object_id=1), raise_event(object_id=2)
    with pytest.raises(DeliveriesFailed, match=f"first, event {bad}: ValueError: not this one"):
        drain_all()
    assert deliveries() == [(bad, "first", "new", 1), (good, "first", "done", 1)]
    assert [e.name for e in timeline("thing", 1)] == ["thing.happened"]
    assert [e.name for e in timeline("thing", 2)] == ["thing.happened", "thing.answered"]


@pytest.mark.django_db
def test_poison_is_given_up_after_five_attempts_and_revived_by_a_person(listen):
    attempts = []

    @listen("first", ["thing.happened"])
    def handle(news):
        attempts.append(news.id)
        if len(attempts) <= 5:
            raise ValueError("poison")

    event_id = raise_event()
    for tried in range(1, 6):
        make_due()
        with pytest.raises(DeliveriesFailed):
            drain_all()
        assert len(attempts) == tried
    assert deliveries() == [(event_id, "first", "dead", 5)]
    make_due()
    assert drain_all() == 0 and len(attempts) == 5
    (dead,) = given_up()
    assert (dead.event_id, dead.consumer, dead.error) == (event_id, "first", "ValueError: poison")

    clerk = create_user("clerk", by=system_user(), roles=["sales"])
    with pytest.raises(Forbidden):
        revive(dead.id, by=clerk)
    assert drain_all() == 0
    revive(dead.id, by=create_user("max", by=system_user(), roles=["manager"]))
    assert drain_all() == 1
    assert deliveries() == [(event_id, "first", "done", 1)]
    with pytest.raises(NotFound):
        revive(dead.id, by=system_user())


@pytest.mark.django_db
def test_a_failure_waits_longer_each_time(listen):
    @listen("first", ["thing.happened"])
    def handle(news):
        raise ValueError("poison")

    raise_event()
    waits = []
    for _ in range(4):
        make_due()
        with pytest.raises(DeliveriesFailed):
            drain_all()
        waits += rows("SELECT extract(epoch FROM due_at - now())::int FROM oms_delivery")
    assert waits == [(10,), (20,), (40,), (80,)]


@pytest.mark.django_db
def test_work_that_kills_its_worker_is_counted_and_given_up(listen):
    """A killed worker says nothing: only the attempts counted before the work stop it."""
    listen("first", ["thing.happened"])(lambda news: None)
    event_id = raise_event()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbox, "apply", lambda *a: (_ for _ in ()).throw(SystemExit()))
        for _ in range(5):
            make_due()
            with pytest.raises(SystemExit):
                drain_all()
    assert deliveries() == [(event_id, "first", "new", 5)]
    make_due()
    assert drain_consumer("first") == (0, [])
    assert given_up()[0].error == "the worker was lost"


@pytest.mark.django_db
def test_a_killer_takes_nobody_with_it(listen):
    """After its first attempt, in a batch, a delivery is claimed alone."""
    listen("first", ["thing.happened"])(lambda news: None)
    ids = [raise_event(object_id=n) for n in range(3)]
    _distribute_own()
    assert [c.event_id for c in outbox.claim("first", fresh=True, limit=50)] == ids
    make_due()
    assert outbox.claim("first", fresh=True, limit=50) == []
    assert [c.event_id for c in outbox.claim("first", fresh=False, limit=1)] == ids[:1]
    assert [d[3] for d in deliveries()] == [2, 1, 1]


@pytest.mark.django_db
def test_what_does_not_fit_into_the_time_is_given_back(listen):
    listen("first", ["thing.happened"])(lambda news: None)
    raise_event(), raise_event()
    _distribute_own()
    assert drain_consumer("first", budget=-1) == (0, [])
    assert [d[2:] for d in deliveries()] == [("new", 0), ("new", 0)]
    assert drain_consumer("first") == (2, [])


@pytest.mark.django_db
def test_what_waits_behind_slow_work_keeps_its_lease(listen, monkeypatch):
    """Two news take ten seconds each: the third would be due again before its turn, and two workers would have it."""
    clock, left = [0.0], []
    monkeypatch.setattr(outbox.time, "monotonic", lambda: clock[0])

    @listen("first", ["thing.happened"])
    def handle(news):
        (seconds,) = rows(
            "SELECT extract(epoch FROM max(due_at) - statement_timestamp())::float FROM oms_delivery WHERE status = 'new'"
        )[0]
        left.append(seconds)
        clock[0] += 10
        rows("UPDATE oms_delivery SET due_at = due_at - interval '10 seconds' WHERE status = 'new' RETURNING id")

    for n in range(3):
        raise_event(object_id=n)
    _distribute_own()
    assert drain_consumer("first") == (3, [])
    assert min(left[:2]) > outbox.LEASE_SECONDS - 1


@pytest.mark.django_db
def test_a_ring_for_a_consumer_that_is_gone_changes_nothing(listen):
    assert drain_consumer("nobody") == (0, [])


def test_two_workers_with_the_same_delivery_make_one_effect(live_db, listen):
    """The lease of the first has run out while it works: the second waits for its row and finds it done."""
    working, go_on, made = threading.Event(), threading.Event(), []

    @listen("first", ["thing.happened"])
    def handle(news):
        made.append(threading.current_thread().name)
        working.set()
        assert go_on.wait(10)

    raise_event()
    seal()
    results = {}

    def work():
        try:
            results[threading.current_thread().name] = drain_consumer("first")
        finally:
            connections.close_all()

    first = threading.Thread(target=work, name="first")
    first.start()
    assert working.wait(10)
    # A lapsed lease cannot be simulated on the row itself (the first holds it): hand the second the same claim.
    delivery, event_id = rows("SELECT id, event_id FROM oms_delivery")[0]

    def again():
        try:
            results["second"] = outbox.apply(delivery, outbox.news_of([event_id])[event_id], outbox.consumers()["first"])
        finally:
            connections.close_all()

    second = threading.Thread(target=again, name="second")
    second.start()
    go_on.set()
    first.join(10), second.join(10)
    assert results == {"first": (1, []), "second": False}
    assert made == ["first"]
    assert [d[2] for d in deliveries()] == ["done"]


@pytest.mark.django_db
def test_many_news_are_one_effect_and_come_one_by_one_when_it_fails(listen):
    heard, poison = [], set()

    def handle(news):
        heard.append([each.subject("thing") for each in news])
        if poison.intersection(heard[-1]):
            raise ValueError("poison")

    consumer_of_many("many", ["thing.happened"])(handle)
    for n in range(3):
        raise_event(object_id=n)
    assert drain_all() == 3
    assert heard == [[0, 1, 2]]

    heard.clear(), poison.add(4)
    for n in range(3, 6):
        raise_event(object_id=n)
    with pytest.raises(DeliveriesFailed, match="poison"):
        drain_all()
    assert heard == [[3, 4, 5], [3], [4], [5]]
    assert [status for _event, _consumer, status, _attempts in deliveries()] == ["done"] * 4 + ["new", "done"]


@pytest.mark.django_db
def test_history_is_not_told_outside_and_says_who_brought_it_in(listen):
    told, kept = [], []
    consumer("mail", ["thing.happened"], outbound=True)(told.append)
    consumer("books", ["thing.happened"])(lambda news: kept.append(raise_event(name="thing.booked")))
    with historic(system_user().pk):
        raise_event()
    assert drain_all() == 2
    assert told == []
    (data,) = [event.data for event in Event.objects.filter(pk__in=kept)]
    assert data == {"imported_by": system_user().pk}
    raise_event()
    drain_all()
    assert len(told) == 1
