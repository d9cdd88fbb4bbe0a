"""The relay: one loop that seals what was committed, fills the outbox and rings the workers.

Its connection is its own, outside every pool, because it holds a session's advisory lock: of several relays one
works, the others wait for the lock. Each round reads the events of transactions that are surely over
(xid below `pg_snapshot_xmin`), so that nothing committed later is ever skipped, and writes one seal and its deliveries
in one transaction. It never holds up a writer.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from django.conf import settings
from django.db import connections

from oms.events.chain import GENESIS, SealRow, seal_hash
from oms.events.doorbell import ring
from oms.events.outbox import distribute, due_consumers

log = logging.getLogger(__name__)

LOCK = 7_105_901_771
LIMIT = 5_000
PAUSE_SECONDS = 0.1
RING_EVERY_SECONDS = 0.25
SWEEP_EVERY_SECONDS = 10.0
HEAD_EVERY_SECONDS = 60.0
RETRY_SECONDS = 1.0
DRAIN = "oms.events.tasks.drain"


class ChainAhead(RuntimeError):
    """The last seal is ahead of the cluster's transaction counter: the data came by dump and restore."""


def connect() -> psycopg.Connection[Any]:
    """A connection of our own, to the alias `direct` where there is one (past a pooler), else `default`."""
    wrapper = connections["direct" if "direct" in settings.DATABASES else "default"]
    wanted = wrapper.get_connection_params()
    for ours in ("cursor_factory", "context", "prepare_threshold"):
        wanted.pop(ours, None)
    return psycopg.connect(**wanted, autocommit=True, application_name="relay")


def take_lock(connection: psycopg.Connection[Any]) -> bool:
    """Whether this relay is the one that works; kept until its connection ends."""
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", [LOCK]).fetchone()
    return bool(row and row[0])


def last_seal(cursor: psycopg.Cursor[Any]) -> SealRow:
    """The head of the chain, or the genesis."""
    cursor.execute(
        "SELECT seq, upto_xid::text::bigint, count, last_event_id, previous_hash, hash "
        "FROM oms_seal ORDER BY seq DESC LIMIT 1"
    )
    row = cursor.fetchone()
    return SealRow(*row) if row else GENESIS


READ = """
SELECT id, hash, name, xid::text::bigint FROM oms_event
WHERE xid >= %s::text::xid8 AND xid < %s::text::xid8 ORDER BY xid, id LIMIT %s
"""


def read_events(
    cursor: psycopg.Cursor[Any], start: int, limit: int
) -> tuple[list[tuple[int, bytes, str, int]], int, bool]:
    """(events, upto_xid, more): whole transactions from xid `start` on that are surely over, about `limit` events.

    A transaction with more than `limit` events is read whole.
    """
    cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    (watermark,) = cursor.fetchone() or (0,)
    if watermark < start:
        raise ChainAhead(f"the chain ends at transaction {start}, the cluster is at {watermark}")
    cursor.execute(READ, [start, watermark, limit])
    rows = cursor.fetchall()
    if len(rows) < limit:
        return rows, watermark, False
    last = rows[-1][3]
    whole = [row for row in rows if row[3] < last]
    if whole:
        return whole, last, True
    cursor.execute(READ, [last, last + 1, None])
    return cursor.fetchall(), last + 1, True


@dataclass(frozen=True)
class Round:
    """What one round did: events sealed, consumers with news, whether more is waiting."""

    sealed: int
    consumers: tuple[str, ...]
    more: bool


def seal_round(connection: psycopg.Connection[Any], limit: int = LIMIT) -> Round:
    """One transaction: read, seal, fill the outbox. No seal is written when there is nothing new."""
    with connection.transaction(), connection.cursor() as cursor:
        before = last_seal(cursor)
        rows, upto, more = read_events(cursor, before.upto_xid, limit)
        if not rows:
            return Round(0, (), False)
        members = [(row[0], row[1]) for row in rows]
        cursor.execute(
            "INSERT INTO oms_seal (seq, upto_xid, count, last_event_id, previous_hash, hash) "
            "VALUES (%s, %s::text::xid8, %s, %s, %s, %s)",
            [before.seq + 1, upto, len(rows), rows[-1][0], before.hash, seal_hash(before.hash, members)],
        )
        told = distribute(cursor, [(row[0], row[2]) for row in rows])
    return Round(len(rows), tuple(told), more)


def unsealed(connection: psycopg.Connection[Any]) -> bool:
    """Whether a committed event waits, because an older transaction is still open somewhere in the cluster."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT 1 FROM oms_event WHERE xid >= %s::text::xid8)", [last_seal(cursor).upto_xid]
        )
        return bool((cursor.fetchone() or (False,))[0])


def seal_all(wait: float = 0.0) -> int:
    """Seal and distribute what is there, then end; 0 when another relay is at work. Returns events sealed.

    With `wait` it goes on for so many seconds while a committed event is held back by an older transaction.
    """
    sealed, until = 0, time.monotonic() + wait
    with connect() as connection:
        if not take_lock(connection):
            return 0
        while True:
            done = seal_round(connection)
            sealed += done.sealed
            if done.more:
                continue
            if time.monotonic() >= until or not unsealed(connection):
                return sealed
            time.sleep(PAUSE_SECONDS)


@dataclass
class Bells:
    """Rings coalesced: a consumer is rung at most every quarter second, and again when the broker was away."""

    waiting: set[str] = field(default_factory=set)
    rung: dict[str, float] = field(default_factory=dict)

    def ring(self, now: float) -> None:
        for consumer in sorted(self.waiting):
            if now - self.rung.get(consumer, -RING_EVERY_SECONDS) < RING_EVERY_SECONDS:
                continue
            self.rung[consumer] = now
            self.waiting.discard(consumer)
            if not ring(DRAIN, consumer):
                # The broker is away: nobody else is tried, the sweep rings all again.
                self.waiting.clear()
                return


def keep_head(connection: psycopg.Connection[Any]) -> None:
    """Append the head of the chain to the file `OMS_SEAL_HEADS`, where one is set: evidence outside the database."""
    path = getattr(settings, "OMS_SEAL_HEADS", "")
    if not path:
        return
    with connection.cursor() as cursor:
        head = last_seal(cursor)
    if head.seq > max(kept_heads(), default=0):
        with Path(path).open("a") as file:
            file.write(f"{head.seq} {bytes(head.hash).hex()}\n")
            file.flush()
            os.fsync(file.fileno())


def kept_heads() -> dict[int, bytes]:
    """seq → hash of the heads kept outside; empty when none are."""
    path = Path(getattr(settings, "OMS_SEAL_HEADS", "") or os.devnull)
    lines = path.read_text().splitlines() if path.exists() else []
    return {int(seq): bytes.fromhex(hashed) for seq, hashed in (line.split() for line in lines)}


def work(connection: psycopg.Connection[Any], stop: threading.Event) -> None:
    """Rounds until `stop`, on a connection that holds the lock."""
    bells, swept, headed = Bells(), 0.0, 0.0
    while not stop.is_set():
        done = seal_round(connection)
        bells.waiting.update(done.consumers)
        now = time.monotonic()
        if now - swept >= SWEEP_EVERY_SECONDS:
            swept = now
            with connection.cursor() as cursor:
                bells.waiting.update(due_consumers(cursor))
        if now - headed >= HEAD_EVERY_SECONDS:
            headed = now
            keep_head(connection)
        bells.ring(now)
        if not done.more:
            stop.wait(PAUSE_SECONDS)


def run(stop: threading.Event) -> None:
    """Wait for the lock, work, and begin again when the database was away, until `stop`."""
    idle = False
    while not stop.is_set():
        try:
            with connect() as connection:
                while not stop.is_set() and not take_lock(connection):
                    if not idle:
                        log.info("another relay is at work; waiting")
                    idle = True
                    stop.wait(RETRY_SECONDS)
                if not stop.is_set():
                    log.info("the relay is at work")
                    idle = False
                    work(connection, stop)
        except psycopg.OperationalError as error:
            log.warning("the relay lost the database: %s", error)
            stop.wait(RETRY_SECONDS)
