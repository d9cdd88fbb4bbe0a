"""A table that somebody gets by mail. `path` is the page with its filters, as in the browser; it is read with this person's
rights on the day it is sent: who may not see it any more gets nothing.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from oms.accounts.models import User
from oms.events.models import Event
from reporting.scheduled.choices import Cadence, FileFormat


class ScheduledReport(models.Model):
    """`next_on` is the day it is sent next; `trouble` why it was not, the last time."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="scheduled_reports")
    title = models.CharField(max_length=120)
    path = models.CharField(max_length=1_000)
    cadence = models.CharField(max_length=10, choices=Cadence.choices)
    file_format = models.CharField(max_length=5, choices=FileFormat.choices, default=FileFormat.XLSX)
    next_on = models.DateField()
    last_on = models.DateField(null=True)
    trouble = models.CharField(max_length=300, blank=True, default="", db_default="")
    stopped_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        indexes = [
            models.Index(fields=["next_on"], name="report_to_send", condition=Q(stopped_at__isnull=True)),
            models.Index(fields=["user"], name="report_of_user", condition=Q(stopped_at__isnull=True)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["user", "path", "cadence"], name="report_once", condition=Q(stopped_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return self.title
