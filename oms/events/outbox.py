"""The outbox: who must hear of which event, tried up to five times, its effect and `done` in one transaction.

A delivery is claimed by a lease (SKIP LOCKED, `due_at` moved ahead) and its attempt counted before the work, in a
short transaction of its own: work that kills its worker is counted too. What failed once is claimed alone, so that
a killer takes nobody with it. Two workers with the same delivery: the second finds it done and does nothing.

The lease is short, so that a killed worker's deliveries are due again within half a minute. It need not cover the
work: whoever applies a delivery holds its row, which a claim skips; what still waits in a batch has its lease renewed.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.accounts.selectors import system_user
from oms.events.consumers import Consumer, News, consumers, subscriptions
from oms.events.services import current, historic, use_case
from oms.kernel.errors import NotFound

log = logging.getLogger(__name__)

BATCH = 50
ATTEMPTS = 5
LEASE_SECONDS = 15
BACKOFF_SECONDS = 5
BUDGET_SECONDS = 200.0


@dataclass(frozen=True)
class Claimed:
    id: int
    event_id: int
    attempts: int
    status: str


CLAIM = """
WITH due AS MATERIALIZED (
    SELECT id FROM oms_delivery
    WHERE consumer = %(consumer)s AND status = 'new' AND due_at <= statement_timestamp() AND (attempts = 0) = %(fresh)s
    ORDER BY due_at, event_id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE oms_delivery d
SET attempts = attempts + 1, due_at = statement_timestamp() + make_interval(secs => %(lease)s),
    status = CASE WHEN attempts >= %(attempts)s THEN 'dead' ELSE 'new' END,
    error = CASE WHEN attempts >= %(attempts)s AND error = '' THEN 'the worker was lost' ELSE error END
FROM due WHERE d.id = due.id
RETURNING d.id, d.event_id, d.attempts, d.status
"""


def claim(consumer: str, *, fresh: bool, limit: int) -> list[Claimed]:
    """Lease up to `limit` due deliveries, never tried (`fresh`) or tried before; in order of event."""
    with connection.cursor() as cursor:
        cursor.execute(
            CLAIM,
            {"consumer": consumer, "fresh": fresh, "limit": limit, "lease": LEASE_SECONDS, "attempts": ATTEMPTS},
        )
        rows = [Claimed(*row) for row in cursor.fetchall()]
    for row in rows:
        if row.status == "dead":
            log.error("delivery %s of event %s to %s is given up", row.id, row.event_id, consumer)
    return sorted((row for row in rows if row.status == "new"), key=lambda row: row.event_id)


def news_of(event_ids: Sequence[int]) -> dict[int, News]:
    """The events as consumers are given them, by id, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name, at, payload FROM oms_event WHERE id = ANY(%s)", [list(event_ids)])
        found = {}
        for pk, name, at, payload in cursor.fetchall():
            said = json.loads(bytes(payload))
            subjects = tuple((kind, object_id) for kind, object_id in said["subjects"])
            found[pk] = News(pk, name, at, said["data"], subjects)
    return found


def apply(delivery_id: int, news: News, consumer: Consumer) -> bool:
    """Effect and `done` in one command of the system at the event's business time; False when done before."""

    @use_case(f"consume.{consumer.name}")
    def effect(*, by: Any, at: Any) -> bool:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE oms_delivery SET status = 'done', done_at = now(), error = '' WHERE id = %s AND status = 'new'",
                [delivery_id],
            )
            if cursor.rowcount == 0:
                return False
        if not (consumer.outbound and news.historic):
            with historic(news.data.get("imported_by")):
                consumer.handle([news])
        return True

    return effect(by=system_user(), at=news.at)


def apply_together(deliveries: Sequence[Claimed], found: Mapping[int, News], consumer: Consumer) -> int:
    """One effect for many news of a consumer that takes them so, with their `done`; how many were not done before."""

    @use_case(f"consume.{consumer.name}")
    def effect(*, by: Any, at: Any = None) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE oms_delivery SET status = 'done', done_at = now(), error = '' WHERE id = ANY(%s) AND status = 'new' RETURNING event_id",
                [[d.id for d in deliveries]],
            )
            new = sorted(row[0] for row in cursor.fetchall())
        if new:
            consumer.handle([found[event_id] for event_id in new])
        return len(new)

    return effect(by=system_user())


def pass_over(deliveries: Sequence[Claimed], found: Mapping[int, News], consumer: Consumer) -> list[Claimed]:
    """Those that concern the consumer; the others are done, in one statement, without a command: nothing comes of them."""
    if consumer.concerns is None:
        return list(deliveries)
    try:
        concerned = set(consumer.concerns([found[d.event_id] for d in deliveries]))
    except Exception:  # one bad news holds up no other: each is handled by itself and keeps its reason
        log.warning("which of %s news concern %s cannot be told", len(deliveries), consumer.name, exc_info=True)
        return list(deliveries)
    idle = [d.id for d in deliveries if d.event_id not in concerned]
    if idle:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE oms_delivery SET status = 'done', done_at = now(), error = '' WHERE id = ANY(%s) AND status = 'new'", [idle]
            )
    return [d for d in deliveries if d.event_id in concerned]


def _failed(delivery: Claimed, consumer: str, error: Exception) -> None:
    """Keep the reason; try again after 10, 20, 40, 80 s, then leave it to a person."""
    log.warning("event %s, consumer %s, attempt %s", delivery.event_id, consumer, delivery.attempts, exc_info=error)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_delivery SET error = %s, due_at = statement_timestamp() + make_interval(secs => %s), "
            "status = CASE WHEN attempts >= %s THEN 'dead' ELSE 'new' END WHERE id = %s AND status = 'new'",
            [f"{type(error).__name__}: {error}"[:2000], BACKOFF_SECONDS * 2**delivery.attempts, ATTEMPTS, delivery.id],
        )


def _renew(deliveries: Iterable[Claimed]) -> None:
    """The lease anew for what this worker has claimed and not yet begun."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_delivery SET due_at = statement_timestamp() + make_interval(secs => %s) WHERE id IN "
            "(SELECT id FROM oms_delivery WHERE id = ANY(%s) AND status = 'new' ORDER BY id FOR UPDATE SKIP LOCKED)",
            [LEASE_SECONDS, [d.id for d in deliveries]],
        )


def _give_back(deliveries: Iterable[Claimed]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_delivery SET due_at = statement_timestamp(), attempts = attempts - 1 WHERE id = ANY(%s) AND status = 'new'",
            [[d.id for d in deliveries]],
        )


def drain_consumer(name: str, budget: float = BUDGET_SECONDS) -> tuple[int, list[str]]:
    """Work off what is due for one consumer until nothing is or `budget` seconds are over.

    Returns how many effects were made and the reasons of those that failed.
    """
    consumer = consumers().get(name)
    if consumer is None:
        log.error("no consumer is named %s", name)
        return 0, []
    until, worked = time.monotonic() + budget, 0
    failures: list[str] = []
    while batch := claim(name, fresh=True, limit=BATCH) + claim(name, fresh=False, limit=1):
        found, leased = news_of([d.event_id for d in batch]), time.monotonic()
        batch = pass_over(batch, found, consumer)
        fresh = [d for d in batch if d.attempts == 1]
        if consumer.together and len(fresh) > 1 and time.monotonic() <= until:
            try:
                worked += apply_together(fresh, found, consumer)
                batch = [d for d in batch if d.attempts != 1]
            except Exception:  # one by one then: the good ones are done, the bad one keeps its reason
                log.warning("%s news together failed for %s", len(fresh), name, exc_info=True)
        for position, delivery in enumerate(batch):
            if time.monotonic() > until:
                _give_back(batch[position:])
                return worked, failures
            if time.monotonic() - leased > LEASE_SECONDS / 3:
                _renew(batch[position:])
                leased = time.monotonic()
            try:
                worked += apply(delivery.id, found[delivery.event_id], consumer)
            except Exception as error:  # whatever a consumer raises is its delivery's failure, not the worker's
                _failed(delivery, name, error)
                failures.append(f"{name}, event {delivery.event_id}: {type(error).__name__}: {error}")
    return worked, failures


def distribute(cursor: Any, events: Iterable[tuple[int, str]]) -> list[str]:
    """Insert the deliveries of (event id, name) for who subscribed; returns the consumers that have news.

    `cursor` is the relay's own, in its open transaction. A delivery that is there stays as it is.
    """
    listening = subscriptions()
    pairs = [(event_id, who) for event_id, name in events for who in listening.get(name, ())]
    if pairs:
        cursor.execute(
            "INSERT INTO oms_delivery (event_id, consumer) "
            "SELECT * FROM unnest(%s::bigint[], %s::text[]) AS t(event_id, consumer) ON CONFLICT DO NOTHING",
            [[p[0] for p in pairs], [p[1] for p in pairs]],
        )
    return sorted({who for _event, who in pairs})


def due_consumers(cursor: Any) -> list[str]:
    """Consumers with a delivery that is due, for the sweep."""
    cursor.execute("SELECT DISTINCT consumer FROM oms_delivery WHERE status = 'new' AND due_at <= statement_timestamp()")
    return sorted(row[0] for row in cursor.fetchall())


@use_case("outbox.revive")
def revive(delivery_id: int, *, by: Any, at: Any = None) -> None:
    """Try a given-up delivery again, five times anew. Raises NotFound `not_given_up`."""
    authorize(by, "outbox.revive")
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_delivery SET status = 'new', attempts = 0, due_at = statement_timestamp() WHERE id = %s AND status = 'dead' "
            "RETURNING event_id, consumer",
            [delivery_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise NotFound(_("This delivery was not given up."), code="not_given_up")
    data = {"delivery": delivery_id, "event": row[0], "consumer": row[1]}
    current().event("outbox.revived", [("delivery", delivery_id)], data)
