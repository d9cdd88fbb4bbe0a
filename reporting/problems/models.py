"""Marks that people leave on problems: whose it is, a note, not before when. The problem itself is never stored."""

from __future__ import annotations

from django.db import models

from oms.accounts.models import User
from oms.events.models import Event


class ProblemMark(models.Model):
    """What people said about one problem (kind and subject); it outlives the problem and is there when it comes back."""

    kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    claimed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = models.TextField(blank=True, default="")
    snoozed_until = models.DateTimeField(null=True)
    marked_at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "subject_id"], name="problem_mark_once")]
