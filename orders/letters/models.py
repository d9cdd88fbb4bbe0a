"""Who gets what: without a rule the customer's first contact with an address gets every kind, others none."""

from __future__ import annotations

from django.db import models

from customers.parties.models import Contact
from oms.accounts.models import User
from oms.events.models import Event
from orders.letters.choices import LetterKind


class LetterRule(models.Model):
    """A contact wants a kind of mail, or does not; `by` is empty when the contact said so itself (the link in a mail)."""

    contact = models.ForeignKey(Contact, on_delete=models.PROTECT, related_name="letter_rules", db_index=False)
    kind = models.CharField(max_length=12, choices=LetterKind.choices)
    wanted = models.BooleanField()
    by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "kind"], name="letter_rule_once")]
