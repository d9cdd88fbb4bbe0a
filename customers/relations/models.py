"""What people noted about a customer. The text is a row of its own, erasable; the event beside it carries ids only."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from customers.parties.models import Contact, Customer
from customers.relations.choices import ActivityKind
from oms.accounts.models import User
from oms.events.models import Event


class Activity(models.Model):
    """A note, call or visit of `happened_on`; `follow_up_date` is when something is to be done, `done_at` that it was."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="activities", db_index=False)
    kind = models.CharField(max_length=10, choices=ActivityKind.choices)
    happened_on = models.DateField()
    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    text = models.TextField()
    follow_up_date = models.DateField(null=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    recorded_at = models.DateTimeField(db_default=Now())
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.CheckConstraint(name="activity_text", condition=~Q(text="")),
            models.CheckConstraint(
                name="activity_follow_up",
                condition=Q(follow_up_date__isnull=False) | Q(done_at__isnull=True),
            ),
            models.CheckConstraint(name="activity_done_known", condition=Q(done_at__isnull=True) ^ Q(done_by__isnull=False)),
        ]
        indexes = [
            models.Index(fields=["customer", "-happened_on"], name="activity_of_customer"),
            models.Index(fields=["follow_up_date"], name="activity_to_do", condition=Q(done_at__isnull=True, follow_up_date__isnull=False)),
        ]
