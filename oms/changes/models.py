"""One mechanism for every change that takes two persons (limits, prices, write-offs, bank details, targets, roles).

A `ChangeRequest` names its `kind` (who may propose and confirm it, and what confirming does, stand in the registry), the
thing it is about, and the data it would write. The database refuses a decision by the person who proposed it, and a
second open request of one kind about one thing.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from oms.accounts.models import User
from oms.events.models import Event


class ChangeRequest(models.Model):
    """`data` is what will be written, `before` what stood there when it was proposed (both plain JSON values)."""

    class State(models.TextChoices):
        OPEN = "open", _("Waits for a second person")
        CONFIRMED = "confirmed", _("Confirmed")
        REJECTED = "rejected", _("Rejected")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    kind = models.CharField(max_length=40)
    subject_kind = models.CharField(max_length=40)
    subject_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True, help_text=_("for the row filter, where it is about a customer"))
    title = models.CharField(max_length=200)
    data = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    amount = models.DecimalField(max_digits=18, decimal_places=3, null=True)
    reason = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_reason = models.TextField(blank=True, default="")
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="change_two_persons",
                condition=~Q(state__in=["confirmed", "rejected"]) | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
            ),
            models.CheckConstraint(
                name="change_withdrawn_by_proposer", condition=~Q(state="withdrawn") | Q(decided_by=F("proposed_by"))
            ),
            models.UniqueConstraint(
                fields=["kind", "subject_kind", "subject_id"], name="change_one_open", condition=Q(state="open")
            ),
        ]
        indexes = [models.Index(fields=["kind", "proposed_at"], name="change_open", condition=Q(state="open"))]

    def __str__(self) -> str:
        return self.title
