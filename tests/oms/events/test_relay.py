"""The relay on real connections: nothing is skipped, one works, the chain it makes is whole."""

from __future__ import annotations

import threading
import time

import pytest
from celery import Celery
from django.db import connections, transaction

from oms.accounts.selectors import system_user
from oms.events import doorbell, relay
from oms.events.relay import connect, seal_round, take_lock
from oms.events.services import command
from oms.events.verification import verify
from tests.oms.events.conftest import deliveries, raise_event, rows, seal, still

pytestmark = pytest.mark.usefixtures("live_db")


def seals():
    return rows("SELECT seq, upto_xid::text::bigint, count, last_event_id FROM oms_seal ORDER BY seq")


def faults():
    """Codes of the checks of this room that do not hold."""
    return [outcome.code for outcome in verify("oms.events") if outcome.bad]


def test_events_are_sealed_once_and_delivered_to_who_listens(listen):
    listen("first", ["thing.happened"])(lambda news: None)
    listen("second", ["thing.happened", "thing.ended"])(lambda news: None)
    a, b, c = raise_event(), raise_event("thing.ended"), raise_event("thing.ignored")
    assert seal() == 3
    assert seal() == 0
    assert [(seq, count, last) for seq, _upto, count, last in seals()] == [(1, 3, c)]
    assert deliveries() == [(a, "first", "new", 0), (a, "second", "new", 0), (b, "second", "new", 0)]
    assert faults() == []


def test_each_round_continues_the_chain(listen):
    for _ in range(3):
        raise_event()
        seal()
    assert [(seq, count) for seq, _upto, count, _last in seals()] == [(1, 1), (2, 1), (3, 1)]
    assert faults() == []


def test_an_event_of_a_slow_transaction_is_never_skipped(listen):
    listen("first", ["thing.happened"])(lambda news: None)
    begun, go_on, slow = threading.Event(), threading.Event(), []

    def write_slowly():
        try:
            with transaction.atomic():
                slow.append(raise_event(object_id=1))
                begun.set()
                assert go_on.wait(10)
        finally:
            connections.close_all()

    thread = threading.Thread(target=write_slowly)
    thread.start()
    assert begun.wait(10)
    fast = raise_event(object_id=2)
    assert fast > slow[0]
    assert relay.seal_all() == 0, "the fast one waits: its transaction began after one that is still open"
    go_on.set()
    thread.join()
    assert seal() == 2
    assert [d[0] for d in deliveries()] == [slow[0], fast]
    assert faults() == []


def test_an_early_transaction_is_sealed_while_a_later_one_is_open(listen):
    early = raise_event()
    still()
    with connect() as other, other.transaction(force_rollback=True):
        other.execute("SELECT pg_current_xact_id()")
        raise_event()
        assert relay.seal_all() == 1
        assert seals()[0][3] == early
    assert seal() == 1


def test_rounds_are_cut_between_transactions_never_inside_one(listen):
    listen("first", ["thing.happened"])(lambda news: None)
    for size in (1, 1, 5, 1, 2):
        with command("test", by=system_user()) as opened:
            for n in range(size):
                opened.event("thing.happened", [("thing", n)])
    sizes = []
    still()
    with connect() as own:
        assert take_lock(own)
        while (done := seal_round(own, limit=3)).sealed:
            sizes.append((done.sealed, done.more))
    assert sizes == [(2, True), (5, True), (1, True), (2, False)]
    assert len(deliveries()) == 10
    assert faults() == []


def test_of_two_relays_the_second_waits(listen):
    raise_event()
    with connect() as working:
        assert take_lock(working)
        with connect() as waiting:
            assert not take_lock(waiting)
            assert relay.seal_all() == 0
            assert seals() == []
        still()
        assert seal_round(working).sealed == 1
    with connect() as waiting:
        # The lock is free when the first relay's connection ends: its server process may need a moment for that.
        wait_until(lambda: take_lock(waiting))


def test_the_second_relay_takes_over_when_the_first_loses_its_connection(listen, superuser):
    stop = threading.Event()
    relays = [threading.Thread(target=relay.run, args=[stop]) for _ in range(2)]
    for thread in relays:
        thread.start()
    try:
        raise_event()
        wait_until(lambda: len(seals()) == 1)
        with superuser() as server:
            killed = server.execute(
                "SELECT count(pg_terminate_backend(a.pid)) FROM pg_stat_activity a "
                "JOIN pg_locks l ON l.pid = a.pid AND l.locktype = 'advisory' AND l.granted "
                "WHERE a.datname = current_database()"
            ).fetchone()
        assert killed == (1,)
        raise_event()
        wait_until(lambda: len(seals()) == 2)
    finally:
        stop.set()
        for thread in relays:
            thread.join(10)
    assert not any(thread.is_alive() for thread in relays)
    assert faults() == []


def wait_until(holds, seconds=120):
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.05)


def test_the_doorbell_is_rung_once_a_round_and_again_by_the_sweep(listen, monkeypatch):
    rung, bells = [], relay.Bells()
    monkeypatch.setattr(relay, "ring", lambda task, consumer: rung.append(consumer) or True)
    bells.waiting = {"b", "a"}
    bells.ring(100.0)
    bells.waiting = {"a"}
    bells.ring(100.1)
    assert rung == ["a", "b"] and bells.waiting == {"a"}
    bells.ring(100.3)
    assert rung == ["a", "b", "a"]
    assert bells.waiting == set()


def test_a_broker_that_is_away_holds_up_nothing(listen, settings, monkeypatch):
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"
    away = Celery("away", broker=settings.CELERY_BROKER_URL, set_as_current=False)
    away.conf.broker_transport_options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
    monkeypatch.setattr(doorbell, "current_app", away)
    bells, started = relay.Bells(waiting={"first", "second"}), time.monotonic()
    bells.ring(started)
    assert time.monotonic() - started < 2
    assert bells.waiting == set(), "the sweep rings them again"


def test_the_head_is_kept_outside_and_a_chain_made_anew_is_found(listen, settings, tmp_path, superuser):
    settings.OMS_SEAL_HEADS = str(tmp_path / "heads")
    raise_event()
    seal()
    with connect() as own:
        relay.keep_head(own)
        relay.keep_head(own)
    assert len(relay.kept_heads()) == 1
    assert faults() == []
    with superuser() as server:
        server.execute("ALTER TABLE oms_seal DISABLE TRIGGER USER")
        server.execute("UPDATE oms_seal SET hash = sha256('forged')")
        server.execute("ALTER TABLE oms_seal ENABLE ALWAYS TRIGGER oms_seal_ledger")
        server.execute("ALTER TABLE oms_seal ENABLE ALWAYS TRIGGER oms_seal_ledger_truncate")
    assert faults() == ["I31"]


def test_a_cluster_behind_the_chain_is_refused_loudly(listen, superuser):
    raise_event()
    seal()
    with superuser() as server:
        server.execute("ALTER TABLE oms_seal DISABLE TRIGGER USER")
        server.execute("UPDATE oms_seal SET upto_xid = '9000000000'")
    with pytest.raises(relay.ChainAhead):
        relay.seal_all()
