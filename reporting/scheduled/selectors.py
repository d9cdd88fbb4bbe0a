"""Reads of scheduled reports."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet

from reporting.scheduled.models import ScheduledReport


def reports_of(user: Any) -> QuerySet[ScheduledReport]:
    """What a person gets by mail."""
    return ScheduledReport.objects.filter(user_id=user.pk, stopped_at=None).order_by("title", "pk")


def due(today: date) -> list[int]:
    """Reports whose day has come, of people who still work here."""
    rows = ScheduledReport.objects.filter(next_on__lte=today, stopped_at=None, user__is_active=True)
    return list(rows.order_by("pk").values_list("pk", flat=True))
