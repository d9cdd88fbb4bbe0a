"""`command()` and `use_case`: the one frame in which anything is written.

The outermost command owns the transaction; nested ones join it. Ids and the clock come from the database in one
statement; events are appended in one statement at the end (the ledgers' foreign keys to them are deferred).
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from oms.kernel.canonical import canonical, digest
from oms.kernel.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 5
DEADLOCK, SERIALIZATION, LOCK_TIMEOUT, QUERY_CANCELED = "40P01", "40001", "55P03", "57014"
IDS_A_DRAW = 8


@dataclass
class Raised:
    """An event waiting for the end of its command."""

    id: int
    name: str
    at: datetime
    subjects: tuple[tuple[str, int], ...]
    payload: bytes
    note: str


@dataclass
class Command:
    """The open command: who (`by`, anything with pk), which use case, business time, and what happened so far."""

    name: str
    by: Any
    business_at: datetime | None
    raised: list[Raised] = field(default_factory=list)
    ids: list[int] = field(default_factory=list)
    now: datetime | None = None

    def prime(self, now: datetime, ids: Iterable[int]) -> None:
        """Take the database's clock and drawn event ids from a statement the caller ran anyway (hot path)."""
        self.now = now
        self.ids.extend(ids)

    def _draw(self) -> None:
        wanted = max(IDS_A_DRAW, len(self.raised))  # doubles, so that a thousand events take few draws
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT now(), ARRAY(SELECT nextval('oms_event_id_seq') FROM generate_series(1, %s))", [wanted]
            )
            now, ids = cursor.fetchone()
        self.prime(now, ids)

    @property
    def at(self) -> datetime:
        """Business time: what the caller gave (imports, feeds), else the database's clock."""
        if self.business_at is not None:
            return self.business_at
        if self.now is None:
            self._draw()
        assert self.now is not None
        return self.now

    def event(
        self,
        name: str,
        subjects: Iterable[tuple[str, int]],
        data: Mapping[str, Any] | None = None,
        note: str = "",
    ) -> int:
        """Raise an event and return its id for ledger rows.

        `data` holds ids, amounts, codes and hashes only; free text goes into `note` (erasable, not hashed).
        """
        if not self.ids:
            self._draw()
        event_id = self.ids.pop(0)
        pairs = tuple(dict.fromkeys(subjects))
        payload = canonical(
            {
                "name": name,
                "actor": self.by.pk,
                "at": self.at,
                "subjects": pairs,
                "command": self.name,
                "data": data or {},
            }
        )
        self.raised.append(Raised(event_id, name, self.at, pairs, payload, note))
        return event_id

    def flush(self) -> None:
        """Append what was raised: events, subjects and notes in one statement."""
        if not self.raised:
            return
        subjects = [(e.id, kind, obj) for e in self.raised for kind, obj in e.subjects]
        notes = [(e.id, e.note) for e in self.raised if e.note]
        with connection.cursor() as cursor:
            cursor.execute(
                APPEND,
                {
                    "ids": [e.id for e in self.raised],
                    "names": [e.name for e in self.raised],
                    "actor": self.by.pk,
                    "ats": [e.at for e in self.raised],
                    "payloads": [e.payload for e in self.raised],
                    "hashes": [digest(e.payload) for e in self.raised],
                    "s_ids": [s[0] for s in subjects],
                    "s_kinds": [s[1] for s in subjects],
                    "s_objects": [s[2] for s in subjects],
                    "n_ids": [n[0] for n in notes],
                    "n_texts": [n[1] for n in notes],
                },
            )
        self.raised.clear()


APPEND = """
WITH e AS (
    INSERT INTO oms_event (id, name, actor_id, at, payload, hash)
    SELECT id, name, %(actor)s::bigint, at, payload, hash
    FROM unnest(%(ids)s::bigint[], %(names)s::text[], %(ats)s::timestamptz[], %(payloads)s::bytea[],
                %(hashes)s::bytea[]) AS t(id, name, at, payload, hash)
), s AS (
    INSERT INTO oms_eventsubject (event_id, kind, object_id)
    SELECT * FROM unnest(%(s_ids)s::bigint[], %(s_kinds)s::text[], %(s_objects)s::bigint[])
)
INSERT INTO oms_eventnote (event_id, text) SELECT * FROM unnest(%(n_ids)s::bigint[], %(n_texts)s::text[])
"""

_current: ContextVar[Command | None] = ContextVar("oms_command", default=None)


def current() -> Command:
    """The open command; parts call it, so a part without a command is a programmer error."""
    command = _current.get()
    assert command is not None, "a part was called outside a command"
    return command


@contextmanager
def command(name: str, *, by: Any, at: datetime | None = None) -> Iterator[Command]:
    """Open the frame of a use case, or join the one that is open (no savepoint).

    `by` is the actor (has pk); `at` is business time, given only by imports and feeds.
    """
    joined = _current.get()
    if joined is not None:
        yield joined
        return
    opened = Command(name, by, at)
    token = _current.set(opened)
    try:
        with transaction.atomic():
            yield opened
            opened.flush()
    finally:
        _current.reset(token)


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-letter code behind a Django database error, or ""."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def busy(error: OperationalError) -> Unavailable | None:
    """The clear refusal for a lock that was not had in time or a statement that ran too long, else None."""
    if sqlstate(error) in (LOCK_TIMEOUT, DEADLOCK, SERIALIZATION):
        return Unavailable(
            _("Somebody else is changing this right now."), code="busy", retry_after=1, clears=_("Try again in a moment.")
        )
    if sqlstate(error) == QUERY_CANCELED:
        return Unavailable(
            _("This took too long and was stopped; nothing was changed."), code="timeout", retry_after=5,
            clears=_("Try again, or with less at once."),
        )
    return None


def use_case(name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Make a function a use case: it runs in `command(name)`, whole, and again (5 times, jitter) on a deadlock.

    The function takes `by` and optional `at` as keywords. Inside an open command or an outer transaction (the
    admin's forms) it joins and never retries.
    """

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            by, at = kwargs["by"], kwargs.get("at")
            joined = _current.get() is not None or connection.in_atomic_block
            for attempt in range(1, RETRIES + 1):
                try:
                    with command(name, by=by, at=at):  # type: ignore[arg-type]
                        return function(*args, **kwargs)
                except OperationalError as error:
                    again = sqlstate(error) in (DEADLOCK, SERIALIZATION) and not joined and attempt < RETRIES
                    if not again:
                        raise busy(error) or error from error
                    time.sleep(random.uniform(0.005, 0.02) * 2**attempt)
            raise AssertionError("unreachable")

        return run

    return wrap
