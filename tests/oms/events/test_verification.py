"""verify finds what was broken behind the guards' back, and says nothing when all holds."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from oms.events import consumers
from oms.events.verification import checks, of_room, reader, verify
from tests.oms.events.conftest import raise_event, seal


def run(*arguments) -> tuple[str, str]:
    """(output, refusal) of the command."""
    out = StringIO()
    try:
        call_command("verify", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), str(error)
    return out.getvalue(), ""


@pytest.fixture
def tamper(superuser):
    """Change rows as somebody who owns the server and switches the guards off for it."""

    def change(table, sql):
        with superuser() as server:
            server.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            server.execute(sql)
            for suffix in ("ledger", "ledger_truncate"):
                server.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_{suffix}")

    return change


def bad(**given):
    return {o.code: o.rows for o in verify("oms.events", **given) if o.bad}


def test_all_holds_in_a_database_with_events(live_db, listen):
    listen("first", ["thing.happened"])(lambda news: None)
    raise_event(), seal(), raise_event()
    assert bad() == {}
    output, refusal = run("--room", "events")
    assert refusal == ""
    assert output.splitlines()[-1] == f"all {len(list(checks('oms.events')))} checks hold"


def test_it_reads_as_the_read_role(live_db, listen):
    from django.db import connections

    with reader() as alias, connections[alias].cursor() as cursor:
        cursor.execute("SELECT current_user, current_database()")
        assert cursor.fetchone() == ("oms_read", live_db)


def test_a_changed_event_is_found_and_named(live_db, listen, tamper):
    raise_event()
    event_id = raise_event(amount="3.50")
    seal()
    tamper("oms_event", f"UPDATE oms_event SET payload = replace(payload::text, '332e3530', '392e3530')::bytea "
                        f"WHERE id = {event_id}")  # fmt: skip
    assert bad() == {"I31": (f"event {event_id}: its payload does not hash to its hash",)}
    output, refusal = run("--room", "oms")
    assert "FAIL 1    I31   oms.events" in output
    assert f"        event {event_id}: its payload does not hash to its hash" in output
    assert refusal.startswith("1 of ")


def test_a_removed_event_is_found(live_db, listen, tamper):
    raise_event()
    raise_event("thing.alone")
    seal()
    tamper("oms_eventsubject", "DELETE FROM oms_eventsubject")
    assert set(bad()) == {"I31"}


def test_a_guard_that_is_switched_off_is_found(live_db, listen, superuser):
    with superuser() as server:
        server.execute("ALTER TABLE oms_event ENABLE TRIGGER oms_event_ledger")
        server.execute("DROP TRIGGER oms_seal_ledger_truncate ON oms_seal")
        server.execute("GRANT DELETE ON oms_seal TO oms_app")
    found = bad()
    assert set(found) == {"I8", "I8b", "I8c"}
    assert set(found["I8"]) == {
        "guard=oms_event_ledger, tgenabled=O",
        "guard=oms_seal_ledger_truncate, tgenabled=None",
    }
    assert found["I8c"] == ("relname=oms_seal, role=oms_app, privilege_type=DELETE",)


def test_a_lost_and_a_late_delivery_are_found(live_db, listen, superuser):
    listen("first", ["thing.happened"])(lambda news: None)
    raise_event()
    lost = raise_event()
    seal()
    with superuser() as server:
        server.execute("DELETE FROM oms_delivery WHERE event_id = %s", [lost])
        server.execute("UPDATE oms_delivery SET due_at = now() - interval '61 seconds'")
    found = bad()
    assert set(found) == {"I33b", "I33c"}
    assert found["I33c"] == (f"event={lost}, name=thing.happened, consumer=first",)


def test_who_listens_to_more_since_a_release_has_missed_nothing_of_before(live_db, listen):
    listen("first", ["thing.happened"])(lambda news: None)
    raise_event(), raise_event("thing.ended")
    seal()
    consumers._consumers.clear()
    listen("first", ["thing.happened", "thing.ended"])(lambda news: None)
    assert bad() == {}
    raise_event("thing.ended")
    seal()
    assert bad() == {}


def test_only_what_was_touched_is_checked_when_asked(live_db, listen, tamper):
    old = raise_event()
    seal()
    since = timezone.now()
    raise_event()
    seal()
    tamper("oms_event", f"UPDATE oms_event SET name = 'other' WHERE id = {old}")
    assert bad(since=since) == {}
    assert set(bad(since=since - timedelta(days=1))) == {"I31"}


def test_a_room_that_is_not_there_is_said():
    assert of_room("orders.book.invariants", "book") and of_room("orders.book.invariants", "orders.book")
    assert not of_room("orders.book.invariants", "entry")


def test_every_check_of_every_room_runs_and_holds_on_a_new_database(live_db):
    output, refusal = run()
    assert (refusal, [line for line in output.splitlines() if line.startswith("FAIL")]) == ("", [])


@pytest.mark.django_db
def test_an_unknown_room_and_a_vague_moment_are_refused(listen):
    assert run("--room", "nowhere")[1] == "no room is named nowhere"
    assert run("--since", "2026-03-02")[1].startswith("--since needs")
