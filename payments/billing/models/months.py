"""Months that finance closed: nothing is posted into them any more (the database refuses), until two persons open one again.

Closed is everything up to the last day of the latest month that stands closed. `balances` says what was owed then, by
currency, as the ledger and the documents both said: `verify` compares it for ever.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User
from oms.events.models import Event


class ClosedMonth(models.Model):
    """`month` is its first day. Reopened ones stay, with who opened them and why; the month is closed anew by a new row."""

    month = models.DateField()
    balances = models.JSONField(help_text=_("{currency: what was owed at the last day, as text}"))
    note = models.TextField(blank=True, default="")
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    closed_at = models.DateTimeField()
    reopened_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    reopened_at = models.DateTimeField(null=True, blank=True)
    reopened_reason = models.TextField(blank=True, default="")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["month"], name="month_closed_once", condition=Q(reopened_at__isnull=True)),
            models.CheckConstraint(
                name="month_reopened_known",
                condition=Q(reopened_at__isnull=True, reopened_by__isnull=True) | Q(reopened_at__gte=F("closed_at"), reopened_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"
