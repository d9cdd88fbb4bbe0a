"""One effect per key: same body, other body, in flight, refused, rolled back; on real connections where it matters."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection, connections, transaction
from django.db.utils import IntegrityError

from oms.access.services import create_user
from oms.accounts.selectors import system_user
from oms.events import idempotency
from oms.events.idempotency import Stored, answer, body_hash, claim, kept, once, stored, taken
from oms.events.selectors import timeline
from oms.events.services import command, current, write
from oms.kernel.errors import Conflict, Invalid, Unprocessable
from tests.oms.events.conftest import rows

BODY, OTHER = body_hash(b"POST", b"/orders", b"{}"), body_hash(b"POST", b"/orders", b"{1}")


def effects() -> int:
    """How often the work took effect."""
    return len(timeline("thing", 1))


def work():
    current().event("thing.made", [("thing", 1)])
    return 201, b"made"


def send(key="k1", hashed=BODY, does=work, by=None):
    return once("test.send", key, hashed, does, lambda error: error.code.encode(), by=by or system_user())


@pytest.mark.django_db
def test_the_same_request_gets_the_first_answer_again():
    assert send() == Stored(201, b"made", replayed=False)
    assert send() == Stored(201, b"made", replayed=True)
    assert effects() == 1


@pytest.mark.django_db
def test_another_body_under_the_same_key_is_refused():
    send()
    with pytest.raises(Unprocessable) as refused:
        send(hashed=OTHER)
    assert refused.value.code == "idempotency_mismatch"
    assert effects() == 1
    assert send() == Stored(201, b"made", replayed=True)


@pytest.mark.django_db
def test_another_principal_has_its_own_keys():
    send()
    other = create_user("other", by=system_user())
    assert send(by=other, hashed=OTHER).replayed is False
    assert effects() == 2


@pytest.mark.django_db
def test_a_refusal_of_the_body_is_kept_and_replayed():
    calls = []

    def refuse():
        calls.append(1)
        current().event("thing.made", [("thing", 1)])
        raise Invalid("no such product", code="unknown_product")

    with pytest.raises(Invalid):
        send(does=refuse)
    assert send(does=refuse) == Stored(400, b"unknown_product", replayed=True)
    assert (len(calls), effects()) == (1, 0)


@pytest.mark.django_db
def test_a_refusal_of_the_moment_leaves_the_key_free():
    def refuse():
        current().event("thing.made", [("thing", 1)])
        raise Conflict("short")

    with pytest.raises(Conflict):
        send(does=refuse)
    assert effects() == 0
    assert send() == Stored(201, b"made", replayed=False)
    assert effects() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "k" * 201, "a\x00b"])
def test_a_key_that_cannot_be_kept_is_refused(key):
    with pytest.raises(Invalid) as refused:
        send(key=key)
    assert refused.value.code == "idempotency_key"
    assert effects() == 0


@pytest.mark.django_db
def test_key_and_answer_in_one_insert_say_when_the_key_is_taken():
    by = system_user()
    assert stored(by.pk, "k1", BODY) is None
    with command("test", by=by):
        write(kept(by.pk, "k1", BODY, 201, b"made"))
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), command("test", by=by):
        write(kept(by.pk, "k1", BODY, 201, b"made"))
    assert taken(refused.value)
    assert stored(by.pk, "k1", BODY) == Stored(201, b"made")
    with pytest.raises(Unprocessable):
        stored(by.pk, "k1", OTHER)


@pytest.mark.django_db
def test_another_broken_rule_is_not_a_taken_key():
    with pytest.raises(IntegrityError) as refused, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("INSERT INTO oms_currency (code, exponent) VALUES ('XXX', 7)")
    assert not taken(refused.value)


@pytest.mark.django_db
def test_only_a_claimed_key_can_be_answered():
    with pytest.raises(AssertionError), command("test", by=system_user()):
        answer(system_user().pk, "k1", 201, b"made")


@pytest.mark.django_db
def test_keys_are_forgotten_after_thirty_days():
    send("old"), send("new")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE oms_idempotencykey SET created_at = now() - interval '31 days' WHERE key = 'old'")
    assert idempotency.forget() == 1
    assert rows("SELECT key FROM oms_idempotencykey") == [("new",)]


class Behind(threading.Thread):
    """A second request with the same key, on its own connection."""

    def __init__(self, lock_timeout: str) -> None:
        super().__init__()
        self.lock_timeout, self.result, self.pid = lock_timeout, None, 0

    def run(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET lock_timeout = '{self.lock_timeout}'")
            self.pid = rows("SELECT pg_backend_pid()")[0][0]
            self.result = send()
        except Exception as error:
            self.result = error
        finally:
            connections.close_all()


def waits_for_a_lock(thread: Behind) -> bool:
    return bool(thread.pid and rows("SELECT 1 FROM pg_locks WHERE pid = %s AND NOT granted", thread.pid))


def while_in_flight(lock_timeout: str, end) -> Behind:
    """Start the second request while the first holds the key open; `end` ends the first."""
    second = Behind(lock_timeout)
    try:
        with command("test", by=system_user()):
            assert claim(system_user().pk, "k1", BODY) is None
            second.start()
            while second.is_alive() and not waits_for_a_lock(second):
                time.sleep(0.01)
            end(second)
    except Conflict:
        assert end is gives_up
    second.join(10)
    return second


def finishes(second):
    answer(system_user().pk, "k1", *work())


def gives_up(second):
    raise Conflict("short")


def outlasts(second):
    second.join(10)
    finishes(second)


def test_a_second_request_waits_and_gets_the_answer_of_the_first(live_db):
    assert while_in_flight("10s", finishes).result == Stored(201, b"made", replayed=True)
    assert effects() == 1


def test_a_second_request_does_the_work_when_the_first_gave_up(live_db):
    assert while_in_flight("10s", gives_up).result == Stored(201, b"made", replayed=False)
    assert effects() == 1


def test_a_second_request_is_told_to_come_back_when_the_first_takes_long(live_db):
    refused = while_in_flight("100ms", outlasts).result
    assert isinstance(refused, Conflict)
    assert (refused.code, refused.data) == ("in_flight", {"retry_after": 1})
    assert effects() == 1


def test_of_many_at_once_one_takes_effect(live_db):
    together = [Behind("10s") for _ in range(8)]
    for thread in together:
        thread.start()
    for thread in together:
        thread.join(20)
    assert sorted(t.result.replayed for t in together) == [False] + [True] * 7
    assert effects() == 1
