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
from oms.kernel.sqlrows import Part, insert, together

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
        return self.clock

    @property
    def clock(self) -> datetime:
        """The database's clock, whatever the business time is."""
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
        at: datetime | None = None,
    ) -> int:
        """Raise an event and return its id for ledger rows.

        `data` holds ids, amounts, codes and hashes only; free text goes into `note` (erasable, not hashed). `at` is its own
        business time where one command brings in many days (imports).
        """
        if not self.ids:
            self._draw()
        event_id = self.ids.pop(0)
        pairs, at = tuple(dict.fromkeys(subjects)), at or self.at
        importer = _imported_by.get()
        payload = canonical(
            {
                "name": name,
                "actor": self.by.pk,
                "at": at,
                "subjects": pairs,
                "command": self.name,
                "data": data or {} if importer is None else {**(data or {}), "imported_by": importer},
            }
        )
        self.raised.append(Raised(event_id, name, at, pairs, payload, note))
        return event_id

    def withdraw(self, event_id: int) -> None:
        """Take back an event of this command of which nothing came; no row may name it."""
        self.raised = [e for e in self.raised if e.id != event_id]

    def flush(self, *parts: Part) -> int:
        """Append what was raised: events, subjects and notes, and `parts` after them, in one statement; see `write`."""
        if not self.raised:
            return write(*parts) if parts else 0
        events = [(e.id, e.name, self.by.pk, e.at, e.payload, digest(e.payload)) for e in self.raised]
        subjects = [(e.id, kind, obj) for e in self.raised for kind, obj in e.subjects]
        notes = [(e.id, e.note) for e in self.raised if e.note]
        self.raised.clear()
        return write(
            insert("event", "oms_event", EVENT, events),
            *([insert("note", "oms_eventnote", NOTE, notes)] if notes else []),
            insert("subject", "oms_eventsubject", SUBJECT, subjects),
            *parts,
        )


EVENT = {
    "id": "bigint", "name": "text", "actor_id": "bigint", "at": "timestamptz", "payload": "bytea", "hash": "bytea",
}  # fmt: skip
SUBJECT = {"event_id": "bigint", "kind": "text", "object_id": "bigint"}
NOTE = {"event_id": "bigint", "text": "text"}



def write(*parts: Part) -> int:
    """Run parts of an open command as one statement; the number of rows the last one wrote."""
    current()
    with connection.cursor() as cursor:
        cursor.execute(*together(parts))
        return int(cursor.rowcount)


_current: ContextVar[Command | None] = ContextVar("oms_command", default=None)
_imported_by: ContextVar[int | None] = ContextVar("oms_imported_by", default=None)


def new_ids(table: str, count: int = 1) -> list[int]:
    """The next `count` keys of a table, drawn before the rows so that their events can name them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(%s) FROM generate_series(1, %s)", [f"{table}_id_seq", count])
        return [pk for (pk,) in cursor.fetchall()]


@contextmanager
def historic(imported_by: int | None) -> Iterator[None]:
    """Inside, every event says `imported_by` (a user's id): it happened in another system, nobody outside is told of it.

    None says nothing more than what is said around it.
    """
    token = _imported_by.set(_imported_by.get() if imported_by is None else imported_by)
    try:
        yield
    finally:
        _imported_by.reset(token)


def in_history() -> bool:
    """Whether what happens now happened in another system before: decisions of credit were made there."""
    return _imported_by.get() is not None


def current() -> Command:
    """The open command; parts call it, so a part without a command is a programmer error."""
    command = _current.get()
    assert command is not None, "a part was called outside a command"
    return command


@contextmanager
def presently() -> Iterator[None]:
    """Inside, the open command's time is the clock: what follows from a fact of yesterday is decided today."""
    opened = current()
    kept, opened.business_at = opened.business_at, None
    try:
        yield
    finally:
        opened.business_at = kept


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
