"""Long work with progress, and the slots that make scheduled work run once.

A job is found by (kind, slot): two schedulers that ring the same minute make one job. Progress is a count of a total.
"""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User


class Job(models.Model):
    """One run of a kind of work; `slot` names the occasion (a business day, an upload, an idempotency key)."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    kind = models.CharField(max_length=40)
    slot = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, db_default=State.WAITING)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    params = models.JSONField(default=dict)
    done = models.IntegerField(db_default=0)
    total = models.IntegerField(db_default=0)
    result = models.JSONField(default=dict)
    error = models.TextField(db_default="")
    attempts = models.SmallIntegerField(db_default=0)
    lease_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "slot"], name="job_slot_once")]
        indexes = [
            models.Index(fields=["created_at"], name="job_open", condition=models.Q(state__in=["waiting", "running"])),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.slot}"
