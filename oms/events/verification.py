"""Runs every invariant of the house and the chain check against the database, and says what does not hold.

All checks of a run see one snapshot (repeatable read, read only), so that a change in between is no false alarm.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections, transaction

from oms.events.chain import GENESIS, EventRow, SealRow, first_fault
from oms.events.consumers import subscriptions
from oms.events.relay import kept_heads
from oms.kernel import invariants as form
from oms.kernel.invariants import Invariant
from oms.kernel.rooms import modules

SHOWN = 5
CHUNK = 2_000


@dataclass(frozen=True)
class Outcome:
    """One check: `bad` rows in all, the first of them as text, how long it took."""

    code: str
    room: str
    statement: str
    bad: int
    rows: tuple[str, ...]
    seconds: float


Check = Callable[[Any, datetime | None], tuple[int, tuple[str, ...]]]


READER = "read"


def read_role() -> dict[str, Any] | None:
    """The settings of the read role, or None when the role that serves is the only one."""
    wanted = getattr(settings, "DATABASE_READ", None)
    return wanted if wanted and wanted["USER"] != connections["default"].settings_dict["USER"] else None


@contextmanager
def reader() -> Iterator[str]:
    """The alias of a connection as read role where there is one, else of the role that serves.

    Inside an open transaction (tests that roll back) only the open connection sees the rows.
    """
    serving, wanted = connections["default"], read_role()
    if wanted is None or serving.in_atomic_block:
        yield "default"
        return
    reading = serving.copy(READER)
    reading.settings_dict |= {key: wanted[key] for key in ("USER", "PASSWORD", "HOST", "PORT") if key in wanted}
    connections[READER] = reading
    try:
        yield READER
    finally:
        reading.close()
        del connections[READER]


def of_room(module_name: str, room: str | None) -> bool:
    """Whether "orders.book.invariants" belongs to `room`: "orders", "book" or "orders.book"; None is every room."""
    app, name, _layer = module_name.split(".")
    return room is None or room in (app, name, f"{app}.{name}")


def checks(room: str | None = None) -> Iterator[tuple[str, str, str, Check]]:
    """(code, room, statement, check) of every room's invariants, then the outbox and the chain."""
    for module in modules("invariants"):
        if of_room(module.__name__, room) and module is not form:
            where = module.__name__.rpartition(".")[0]
            for invariant in module.INVARIANTS:
                yield invariant.code, where, invariant.statement, _sql(invariant)
    if of_room("oms.events.invariants", room):
        yield "I33c", "oms.events", "every sealed event has a delivery for each subscribed consumer", _missing
        yield "I31", "oms.events", "every event hashes to its hash and the chain of seals is whole", _chain


def verify(room: str | None = None, since: datetime | None = None) -> Iterator[Outcome]:
    """Run the checks; with `since` those that can be are narrowed to what changed from then on."""
    with reader() as alias, _snapshot(alias):
        for code, where, statement, check in checks(room):
            started = time.monotonic()
            try:
                with transaction.atomic(using=alias):
                    bad, rows = check(connections[alias], since)
            except DatabaseError as error:
                bad, rows = 1, (f"the check itself failed: {error}",)
            yield Outcome(code, where, statement, bad, rows, time.monotonic() - started)


@contextmanager
def _snapshot(alias: str) -> Iterator[None]:
    joined = connections[alias].in_atomic_block
    with transaction.atomic(using=alias):
        if not joined:
            with connections[alias].cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute("SET LOCAL statement_timeout = 0")
        yield


def _sql(invariant: Invariant) -> Check:
    def check(connection: Any, since: datetime | None) -> tuple[int, tuple[str, ...]]:
        narrowed = since is not None and bool(invariant.touched)
        sql = (invariant.touched if narrowed else invariant.sql).strip().rstrip(";")
        counted = f"SELECT count(*) OVER (), bad.* FROM (\n{sql}\n) AS bad LIMIT {SHOWN}"
        with connection.cursor() as cursor:
            cursor.execute(counted, {"since": since} if narrowed else None)
            names = [column.name for column in cursor.description[1:]]
            rows = cursor.fetchall()
        shown = tuple(
            ", ".join(f"{name}={value}" for name, value in zip(names, row[1:], strict=True)) for row in rows
        )
        return (rows[0][0] if rows else 0), shown

    return check


MISSING = """
WITH subscribed AS (SELECT * FROM unnest(%(events)s::text[], %(consumers)s::text[]) AS t(event, consumer)),
heard AS (
    SELECT d.consumer, e.name AS event, min(e.xid::text::bigint)::text::xid8 AS first_xid
    FROM oms_delivery d JOIN oms_event e ON e.id = d.event_id GROUP BY d.consumer, e.name
)
SELECT count(*) OVER (), e.id, e.name, s.consumer
FROM subscribed s JOIN heard h USING (consumer, event) JOIN oms_event e ON e.name = s.event
WHERE e.xid >= h.first_xid AND e.xid < (SELECT upto_xid FROM oms_seal ORDER BY seq DESC LIMIT 1)
  AND (%(since)s::timestamptz IS NULL OR e.recorded_at >= %(since)s)
  AND NOT EXISTS (SELECT 1 FROM oms_delivery d WHERE d.event_id = e.id AND d.consumer = s.consumer)
ORDER BY e.id LIMIT 5
"""


def _missing(connection: Any, since: datetime | None) -> tuple[int, tuple[str, ...]]:
    """Sealed events without a delivery, from the first of its name on that the consumer heard of: a release may let a consumer
    listen to more, and what happened before is not news."""
    pairs = [(event, who) for event, listening in subscriptions().items() for who in listening]
    parameters = {"events": [p[0] for p in pairs], "consumers": [p[1] for p in pairs], "since": since}
    with connection.cursor() as cursor:
        cursor.execute(MISSING, parameters)
        rows = cursor.fetchall()
    return (rows[0][0] if rows else 0), tuple(f"event={pk}, name={name}, consumer={who}" for _n, pk, name, who in rows)


SEALS = "SELECT seq, upto_xid::text::bigint, count, last_event_id, previous_hash, hash FROM oms_seal"
EVENTS = """
SELECT e.id, e.xid::text::bigint, e.name, e.actor_id, e.at, e.recorded_at, e.payload, e.hash, s.subjects
FROM oms_event e
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_array(kind, object_id)) AS subjects FROM oms_eventsubject WHERE event_id = e.id
) s ON true
WHERE e.xid >= %s::text::xid8 ORDER BY e.xid, e.id
"""


def _chain(connection: Any, since: datetime | None) -> tuple[int, tuple[str, ...]]:
    """The chain from the genesis, or from the last seal made before `since`."""
    after = GENESIS
    with connection.cursor() as cursor:
        if since is not None:
            cursor.execute(f"{SEALS} WHERE sealed_at < %s ORDER BY seq DESC LIMIT 1", [since])
            after = next((_seal(row) for row in cursor.fetchall()), GENESIS)
        cursor.execute("SELECT now()")
        (now,) = cursor.fetchone()
        cursor.execute(f"{SEALS} WHERE seq > %s ORDER BY seq", [after.seq])
        seals = [_seal(row) for row in cursor.fetchall()]
    with connection.chunked_cursor() as cursor:
        cursor.execute(EVENTS, [after.upto_xid])
        fault = first_fault(seals, _events(cursor), now, after=after, heads=kept_heads())
    return (1, (str(fault),)) if fault else (0, ())


def _seal(row: tuple[Any, ...]) -> SealRow:
    seq, upto_xid, count, last_event_id, previous_hash, hashed = row[:6]
    return SealRow(seq, upto_xid, count, last_event_id, bytes(previous_hash), bytes(hashed))


def _events(cursor: Any) -> Iterator[EventRow]:
    while rows := cursor.fetchmany(CHUNK):
        for pk, xid, name, actor, at, recorded_at, payload, hashed, subjects in rows:
            pairs = json.loads(subjects) if isinstance(subjects, str) else subjects or ()
            yield EventRow(
                pk, xid, name, actor, at, recorded_at, bytes(payload), bytes(hashed),
                tuple((kind, object_id) for kind, object_id in pairs),
            )  # fmt: skip
