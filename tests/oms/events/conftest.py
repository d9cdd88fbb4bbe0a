"""Consumers of these tests only, and short ways to raise events and look at the outbox."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection

from oms.accounts.selectors import system_user
from oms.events import consumers, relay
from oms.events.services import command


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Any]]:
    """`consumer` on an empty registry."""
    monkeypatch.setattr(consumers, "_consumers", {})
    monkeypatch.setattr(consumers, "_load", lambda: None)
    yield consumers.consumer


def raise_event(name: str = "thing.happened", object_id: int = 1, note: str = "", at: Any = None, **data: Any) -> int:
    """One command with one event; its id."""
    with command("test.raise", by=system_user(), at=at) as opened:
        return opened.event(name, [("thing", object_id)], data, note)


def rows(sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
    """What a statement returns."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall()


def still() -> None:
    """Wait until no transaction of other databases on this server is older than what was committed here."""
    (now,) = rows("SELECT pg_current_xact_id()::text::bigint")[0]
    until = time.monotonic() + 120
    while rows("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")[0][0] <= now:
        assert time.monotonic() < until, "somebody writes for very long"
        time.sleep(0.02)


def seal() -> int:
    """What the relay seals, in one seal, once everybody else is through."""
    still()
    return relay.seal_all(120)


def deliveries() -> list[tuple[Any, ...]]:
    """(event, consumer, status, attempts) of every delivery, in order."""
    return rows("SELECT event_id, consumer, status, attempts FROM oms_delivery ORDER BY event_id, consumer")


def make_due() -> None:
    """Let every delivery that waits be due now."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE oms_delivery SET due_at = now() - interval '1 second' WHERE status = 'new'")
