"""The audit trail, its seals, the outbox and the idempotency keys.

`Event` is append-only: canonical bytes with their hash, the writing transaction's id, and no free text;
what a person typed as a reason lies in the erasable `EventNote`. `EventSubject` says whose timeline it belongs to.
`Seal` chains the events in transaction order; `Delivery` is the outbox: one row an event and subscribed consumer.
"""

from __future__ import annotations

import json
from typing import Any

from django.db import models
from django.db.models import F, Func
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User


class XidField(models.BigIntegerField):
    """PostgreSQL's 64-bit transaction id."""

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> int | None:
        return None if value is None else int(value)


class CurrentXid(Func):
    """The id of the writing transaction."""

    function = "pg_current_xact_id"
    output_field = XidField()


class Event(models.Model):
    """Something that happened: `name` is "room.verb" or "noun.verbed"; `payload` are the canonical bytes hashed."""

    name = models.CharField(max_length=60)
    actor = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(help_text=_("business time"))
    recorded_at = models.DateTimeField(db_default=Now())
    payload = models.BinaryField()
    hash = models.BinaryField(max_length=32)
    xid = XidField(db_default=CurrentXid())

    class Meta:
        indexes = [models.Index(F("xid"), F("id"), name="event_in_commit_order")]

    @property
    def data(self) -> dict[str, Any]:
        """The ids, amounts and codes of the event."""
        return json.loads(bytes(self.payload))["data"]

    def __str__(self) -> str:
        return f"{self.name} #{self.pk}"


class EventSubject(models.Model):
    """The event belongs to the timeline of (kind, object_id), e.g. ("order", 12)."""

    event = models.ForeignKey(
        Event, on_delete=models.PROTECT, related_name="subjects", db_index=False
    )
    kind = models.CharField(max_length=30)
    object_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "object_id", "event"], name="event_subject_once"),
        ]
        indexes = [models.Index(fields=["event"], name="event_subject_of_event")]


class EventNote(models.Model):
    """What a person wrote as reason; erasable, never hashed."""

    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="note", primary_key=True)
    text = models.TextField()


class Seal(models.Model):
    """One link of the chain over all events with xid below `upto_xid` (and not in an earlier seal)."""

    seq = models.BigIntegerField(primary_key=True)
    upto_xid = XidField()
    count = models.IntegerField()
    last_event_id = models.BigIntegerField()
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField(db_default=Now())


class Delivery(models.Model):
    """The outbox: this consumer must hear of this event; done in the effect's own transaction."""

    class Status(models.TextChoices):
        NEW = "new", _("New")
        DONE = "done", _("Done")
        DEAD = "dead", _("Given up")

    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="deliveries", db_index=False)
    consumer = models.CharField(max_length=60)
    status = models.CharField(max_length=8, choices=Status.choices, db_default=Status.NEW)
    attempts = models.SmallIntegerField(db_default=0)
    due_at = models.DateTimeField(db_default=Now())
    error = models.TextField(db_default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "consumer"], name="delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], name="delivery_dead", condition=models.Q(status="dead")),
            models.Index(
                fields=["consumer", "due_at"], name="delivery_due", condition=models.Q(status="new")
            ),
        ]


class IdempotencyKey(models.Model):
    """One effect per (principal, key): the same body gets the first answer again, another body is refused."""

    principal = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=200)
    body_hash = models.BinaryField(max_length=32)
    status_code = models.SmallIntegerField(null=True)
    response = models.BinaryField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["principal", "key"], name="idempotency_key_once"),
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]
