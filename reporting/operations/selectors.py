"""What the engineer on call looks at: what waits where and for how long, the last work of each kind, invariants that do not hold.

The same figures are the page and the metrics. Every statement reads what is open, or the head of an index: none grows with
the years.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext_lazy as _

from oms.jobs.models import Job

VERIFY = "operations.verify"


@dataclass(frozen=True)
class Metric:
    """A figure for Prometheus: `sql` returns its labels' values, then the value. `kind` is gauge or counter."""

    name: str
    help: Any
    sql: str
    labels: tuple[str, ...] = ()
    kind: str = "gauge"


class Sample(NamedTuple):
    """One value of a metric."""

    labels: tuple[str, ...]
    value: float


METRICS = (
    Metric("oms_orders_entered_total", _("Orders entered since the beginning, with those that were given up."), "SELECT last_value FROM orders_order_id_seq", kind="counter"),
    Metric("oms_orders_open", _("Orders that wait for approval."), "SELECT status, count(*) FROM orders_order WHERE status IN ('submitted') GROUP BY status", ("status",)),
    Metric("oms_events_total", _("Events since the beginning."), "SELECT last_value FROM oms_event_id_seq", kind="counter"),
    Metric("oms_events_unsealed_seconds", _("Age of the oldest event the relay has not sealed: grows when no relay works."),
           "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0) FROM oms_event "
           "WHERE xid >= coalesce((SELECT upto_xid FROM oms_seal ORDER BY seq DESC LIMIT 1), '0')"),
    Metric("oms_outbox_waiting", _("News a consumer has not handled yet."), "SELECT consumer, count(*) FROM oms_delivery WHERE status = 'new' GROUP BY consumer", ("consumer",)),
    Metric("oms_outbox_oldest_seconds", _("For how long the oldest of them is due."),
           "SELECT consumer, greatest(0, extract(epoch FROM clock_timestamp() - min(due_at))) FROM oms_delivery WHERE status = 'new' GROUP BY consumer", ("consumer",)),
    Metric("oms_outbox_given_up", _("News that was tried five times and waits for a person."),
           "SELECT consumer, count(*) FROM oms_delivery WHERE status = 'dead' GROUP BY consumer", ("consumer",)),
    Metric("oms_jobs_open", _("Jobs that wait or run."), "SELECT state, count(*) FROM oms_job WHERE state IN ('waiting', 'running') GROUP BY state", ("state",)),
    Metric("oms_jobs_oldest_seconds", _("Age of the oldest job that waits: grows when no worker works."),
           "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0) FROM oms_job WHERE state = 'waiting'"),
    Metric("oms_jobs_failed_a_day", _("Jobs that failed within a day."),
           "SELECT count(*) FROM oms_job WHERE state = 'failed' AND created_at > now() - interval '1 day'"),
    Metric("oms_webhooks_waiting", _("Webhook deliveries that wait."), "SELECT count(*) FROM orders_webhookdelivery WHERE status = 'new'"),
    Metric("oms_feed_messages", _("Messages of warehouses that wait or stand in quarantine."),
           "SELECT state, count(*) FROM inventory_feedmessage WHERE state IN ('waiting', 'quarantined') GROUP BY state", ("state",)),
    Metric("oms_plan_run_seconds", _("How long the last plan run took."), "SELECT extract(epoch FROM finished_at - started_at) FROM oms_job "
           "WHERE kind = 'planning.run' AND state = 'done' ORDER BY id DESC LIMIT 1"),
    Metric("oms_plan_run_age_seconds", _("How long ago it ended."), "SELECT extract(epoch FROM clock_timestamp() - finished_at) FROM oms_job "
           "WHERE kind = 'planning.run' AND state = 'done' ORDER BY id DESC LIMIT 1"),
    Metric("oms_invariants_broken", _("Invariants that did not hold when they were last looked at."),
           f"SELECT jsonb_array_length(result -> 'broken') FROM oms_job WHERE kind = '{VERIFY}' AND state = 'done' ORDER BY id DESC LIMIT 1"),
    Metric("oms_invariants_age_seconds", _("How long ago that was."),
           f"SELECT extract(epoch FROM clock_timestamp() - finished_at) FROM oms_job WHERE kind = '{VERIFY}' AND state = 'done' ORDER BY id DESC LIMIT 1"),
    Metric("oms_database_connections", _("Connections to the database."),
           "SELECT coalesce(state, 'none'), count(*) FROM pg_stat_activity WHERE datname = current_database() GROUP BY 1", ("state",)),
    Metric("oms_database_bytes", _("Size of the database."), "SELECT pg_database_size(current_database())"),
)  # fmt: skip


def sampled(metrics: Sequence[Metric] = METRICS) -> Iterator[tuple[Metric, list[Sample]]]:
    """Each metric with its values of now; one statement each."""
    with connection.cursor() as cursor:
        for metric in metrics:
            cursor.execute(metric.sql)
            rows = cursor.fetchall()
            yield metric, [Sample(tuple(str(x) for x in row[:-1]), float(row[-1])) for row in rows if row[-1] is not None]


def exposition() -> str:
    """All metrics in Prometheus' text format 0.0.4."""
    lines = []
    for metric, samples in sampled():
        lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} {metric.kind}"]
        for labels, value in samples:
            named = ",".join(f'{name}="{escaped(text)}"' for name, text in zip(metric.labels, labels, strict=True))
            lines.append(f"{metric.name}{{{named}}} {value:.10g}" if named else f"{metric.name} {value:.10g}")
    return "\n".join(lines) + "\n"


def escaped(text: str) -> str:
    """A label's value as the format has it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Queue(NamedTuple):
    """What waits for one consumer: how much, due for how many seconds, and how much was given up."""

    consumer: str
    waiting: int
    seconds: float
    given_up: int


def queues() -> list[Queue]:
    """Every consumer with something that waits or was given up, the longest first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT consumer, count(*) FILTER (WHERE status = 'new'), "
            "coalesce(greatest(0, extract(epoch FROM clock_timestamp() - min(due_at) FILTER (WHERE status = 'new'))), 0)::float, "
            "count(*) FILTER (WHERE status = 'dead') FROM oms_delivery WHERE status IN ('new', 'dead') GROUP BY consumer ORDER BY 3 DESC, 1"
        )
        return [Queue(*row) for row in cursor.fetchall()]


def last_jobs() -> list[Job]:
    """The last job of every kind that is scheduled or was asked for within the last two days, by kind. One statement."""
    rows = Job.objects.raw(
        "SELECT DISTINCT ON (kind) *, extract(epoch FROM finished_at - started_at)::float AS took FROM oms_job WHERE created_at > now() - interval '2 days' ORDER BY kind, id DESC"
    )
    return list(rows)


class Broken(NamedTuple):
    """An invariant that did not hold: its code, where it lives, what it says, how many rows break it."""

    code: str
    room: str
    statement: str
    rows: int


@dataclass(frozen=True)
class Verified:
    """What the last look at all invariants found: when, how many there are, and those that do not hold."""

    at: datetime
    checks: int
    broken: tuple[Broken, ...]


def verified() -> Verified | None:
    """The last whole look, None before the first. One statement."""
    job = Job.objects.filter(kind=VERIFY, state=Job.State.DONE).order_by("-pk").first()
    if job is None or job.finished_at is None:
        return None
    return Verified(job.finished_at, job.result["checks"], tuple(Broken(*row) for row in job.result["broken"]))
