"""Jobs: asked for once an occasion, run under a lease, counted before the work, at most three times.

A worker that dies leaves a lease that ends; the next tick rings again. `attempts` is the fencing number: a worker
whose lease was lost can neither report progress nor finish.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg.types.json import Jsonb

from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.company.selectors import company_zone
from oms.events.doorbell import ring
from oms.events.services import current, use_case
from oms.jobs.registry import kinds
from oms.kernel.errors import NotFound, OMSError, Unavailable

log = logging.getLogger(__name__)

RUN = "oms.jobs.tasks.run"
ATTEMPTS = 3
LEASE_SECONDS = 360
BACKOFF_SECONDS = 30


@use_case("jobs.enqueue")
def enqueue(
    kind: str, slot: str, *, by: Any, params: Mapping[str, Any] | None = None, at: datetime | None = None
) -> int:
    """Ask for work, once a (kind, slot): asked again it is the same job. Returns its id; a worker is rung at commit.

    Raises NotFound `unknown_job`.
    """
    if kind not in kinds():
        raise NotFound(_("There is no work named %(kind)s.") % {"kind": kind}, code="unknown_job", kind=kind)
    _insert([(kind, slot)], by.pk, params or {})
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM oms_job WHERE kind = %s AND slot = %s", [kind, slot])
        (job_id,) = cursor.fetchone()
    transaction.on_commit(partial(ring, RUN, job_id))
    return job_id


def _insert(occasions: list[tuple[str, str]], by_id: int, params: Mapping[str, Any]) -> int:
    """Insert jobs that are not there yet; returns how many are new."""
    current()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO oms_job (kind, slot, by_id, params, result) "
            "SELECT kind, slot, %s, %s, '{}' FROM unnest(%s::text[], %s::text[]) AS t(kind, slot) "
            "ON CONFLICT (kind, slot) DO NOTHING",
            [by_id, Jsonb(dict(params)),  # type: ignore[list-item]
             [o[0] for o in occasions], [o[1] for o in occasions]],
        )
        return cursor.rowcount


@use_case("jobs.schedule")
def schedule(now: datetime, *, by: Any, at: datetime | None = None) -> int:
    """Make the jobs whose slot is due at `now`; any number of schedulers make one each. Returns how many are new."""
    zone = company_zone()
    slots = [(kind.name, kind.schedule.slot(now, zone)) for kind in kinds().values() if kind.schedule]
    due = [(name, slot) for name, slot in slots if slot is not None]
    return _insert(due, by.pk, {}) if due else 0


GIVE_UP = """
UPDATE oms_job SET state = 'failed', finished_at = now(), lease_until = NULL,
       error = CASE WHEN error = '' THEN 'the worker was lost' ELSE error END
WHERE state = 'running' AND lease_until < now() AND attempts >= %s
"""
OPEN = """
SELECT id FROM oms_job
WHERE state IN ('waiting', 'running') AND (lease_until IS NULL OR lease_until < now()) ORDER BY created_at, id
"""


@use_case("jobs.give_up_lost")
def give_up_lost(*, by: Any, at: datetime | None = None) -> int:
    """Fail jobs whose last worker is gone; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(GIVE_UP, [ATTEMPTS])
        return cursor.rowcount


def open_jobs() -> list[int]:
    """Ids of the jobs a worker could take now, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN)
        return [row[0] for row in cursor.fetchall()]


def tick(now: datetime) -> list[int]:
    """What the schedule does each minute: make due jobs, fail lost ones, ring for all that can run (returned)."""
    system = system_user()
    schedule(now, by=system)
    give_up_lost(by=system)
    waiting = open_jobs()
    for job_id in waiting:
        if not ring(RUN, job_id):
            break
    return waiting


class LeaseLost(RuntimeError):
    """Another worker has taken this job over."""


@dataclass
class Taken:
    """A job under this worker's lease (see `registry.Running`)."""

    id: int
    kind: str
    slot: str
    by: User
    params: dict[str, Any]
    attempt: int

    def progress(self, done: int, total: int) -> None:
        self._mine(
            "UPDATE oms_job SET done = %s, total = %s, lease_until = now() + make_interval(secs => %s)",
            [done, total, LEASE_SECONDS],
        )

    def finish(self, result: Mapping[str, Any]) -> None:
        """Done, with its result."""
        self._mine(
            "UPDATE oms_job SET state = 'done', result = %s, error = '', finished_at = now(), lease_until = NULL",
            [Jsonb(dict(result))],
        )

    def fail(self, error: Exception) -> None:
        """Keep the reason. A rule's refusal is final; anything else is tried again until three attempts are over."""
        refused = isinstance(error, OMSError) and not isinstance(error, Unavailable)
        again = not refused and self.attempt < ATTEMPTS
        self._mine(
            "UPDATE oms_job SET error = %s, state = CASE WHEN %s THEN 'waiting' ELSE 'failed' END, "
            "finished_at = CASE WHEN %s THEN NULL ELSE now() END, "
            "lease_until = CASE WHEN %s THEN now() + make_interval(secs => %s) END",
            [f"{type(error).__name__}: {error}"[:2000], again, again, again, BACKOFF_SECONDS * self.attempt],
        )

    def _mine(self, update: str, parameters: list[Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                f"{update} WHERE id = %s AND state = 'running' AND attempts = %s", [*parameters, self.id, self.attempt]
            )
            if cursor.rowcount == 0:
                raise LeaseLost(f"job {self.id} ({self.kind} {self.slot})")


TAKE = """
UPDATE oms_job SET state = 'running', attempts = attempts + 1, started_at = coalesce(started_at, now()),
       lease_until = now() + make_interval(secs => %s)
WHERE id = %s AND attempts < %s
  AND state IN ('waiting', 'running') AND (lease_until IS NULL OR lease_until < now())
RETURNING id, kind, slot, by_id, params::text, attempts
"""


def take(job_id: int) -> Taken | None:
    """Lease a job and count the attempt, in one statement before the work; None when it is not to be had."""
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [LEASE_SECONDS, job_id, ATTEMPTS])
        row = cursor.fetchone()
    if row is None:
        return None
    pk, kind, slot, by_id, params, attempt = row
    return Taken(pk, kind, slot, User.objects.get(pk=by_id), json.loads(params), attempt)


def run(job_id: int) -> bool:
    """Take and run a job; whether it ended well. A job that is running, over or given up is left alone."""
    taken = take(job_id)
    if taken is None:
        return False
    try:
        kind = kinds().get(taken.kind)
        if kind is None:
            raise NotFound(f"no work is named {taken.kind}", code="unknown_job")
        taken.finish(kind.handle(taken) or {})
    except LeaseLost:
        log.warning("the lease of job %s was lost", job_id)
        return False
    except Exception as error:  # whatever the work raises is the job's failure, not the worker's
        log.warning("job %s (%s %s), attempt %s", job_id, taken.kind, taken.slot, taken.attempt, exc_info=error)
        taken.fail(error)
        return False
    return True


def run_due(now: datetime) -> int:
    """Tick, then run everything open here and now (tests, small set-ups without a worker); jobs that ended well."""
    return sum(run(job_id) for job_id in tick(now))
