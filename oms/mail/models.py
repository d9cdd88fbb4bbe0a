"""One mail to one address. `key` is unique: what causes a mail twice makes one row (the idempotent consumer).

`customer_id` is opaque here: whose mail it is, for the row filter of the rooms above. A file goes along by reference
(`file_kind`, `file_id`): who registered the kind makes it when it is sent or looked at. Rows are erasable; events carry ids.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from oms.events.models import Event
from oms.mail.choices import MailStatus


class Mail(models.Model):
    """Queued with its text as it will be read; `taken_at` is when sending began, `next_at` not before when."""

    key = models.CharField(max_length=120, unique=True)
    kind = models.CharField(max_length=20)
    customer_id = models.BigIntegerField()
    subject_kind = models.CharField(max_length=20)
    subject_id = models.BigIntegerField()
    to_name = models.CharField(max_length=200, blank=True, default="")
    to_address = models.EmailField(blank=True, default="")
    language = models.CharField(max_length=10)
    title = models.CharField(max_length=200)
    body = models.TextField()
    file_kind = models.CharField(max_length=20, blank=True, db_default="")
    file_id = models.BigIntegerField(null=True)
    status = models.CharField(max_length=10, choices=MailStatus.choices, default=MailStatus.WAITING)
    attempts = models.SmallIntegerField(db_default=0)
    error = models.CharField(max_length=300, blank=True, db_default="")
    next_at = models.DateTimeField(db_default=Now())
    taken_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    resent_of = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(name="mail_sent_when", condition=Q(status=MailStatus.SENT) ^ Q(sent_at__isnull=True)),
            models.CheckConstraint(name="mail_to_somebody", condition=Q(status=MailStatus.NOBODY) ^ ~Q(to_address="")),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="mail_to_send", condition=Q(status__in=[MailStatus.WAITING, MailStatus.SENDING])),
            models.Index(fields=["created_at"], name="mail_in_trouble", condition=Q(status__in=[MailStatus.FAILED, MailStatus.UNKNOWN, MailStatus.NOBODY])),
            models.Index(fields=["customer_id", "-id"], name="mail_of_customer"),
            models.Index(fields=["subject_kind", "subject_id"], name="mail_of_subject"),
        ]

    def __str__(self) -> str:
        return self.title
