"""Reads of the audit trail and the outbox."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

TIMELINE = """
SELECT * FROM (
    SELECT e.id, e.name, e.at, e.recorded_at, e.payload,
           coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username), u.username = 'system',
           coalesce(n.text, '')
    FROM oms_eventsubject s
    JOIN oms_event e ON e.id = s.event_id
    JOIN oms_user u ON u.id = e.actor_id
    LEFT JOIN oms_eventnote n ON n.event_id = e.id
    WHERE s.kind = %s AND s.object_id = %s
    ORDER BY e.id DESC LIMIT %s
) latest ORDER BY id
"""


@dataclass(frozen=True)
class Entry:
    """One line of a timeline: what, when (business time and when recorded), who, and what the person wrote."""

    id: int
    name: str
    at: datetime
    recorded_at: datetime
    data: dict[str, Any]
    actor: str
    by_system: bool
    note: str


def timeline(kind: str, object_id: int, limit: int = 500) -> list[Entry]:
    """The last `limit` events of (kind, object_id), newest last, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute(TIMELINE, [kind, object_id, limit])
        return [
            Entry(pk, name, at, recorded_at, json.loads(bytes(payload))["data"], *rest)
            for pk, name, at, recorded_at, payload, *rest in cursor.fetchall()
        ]


@dataclass(frozen=True)
class GivenUp:
    """A delivery that failed too often and waits for a person."""

    id: int
    event_id: int
    event: str
    consumer: str
    error: str
    attempts: int
    at: datetime


def given_up(limit: int = 200) -> list[GivenUp]:
    """Deliveries nobody will try again by itself, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT d.id, d.event_id, e.name, d.consumer, d.error, d.attempts, e.recorded_at "
            "FROM oms_delivery d JOIN oms_event e ON e.id = d.event_id "
            "WHERE d.status = 'dead' ORDER BY d.event_id LIMIT %s",
            [limit],
        )
        return [GivenUp(*row) for row in cursor.fetchall()]
