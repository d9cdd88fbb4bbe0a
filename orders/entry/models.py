"""What is typed of an order that is not submitted yet. The order itself stands in the book as a draft and takes nothing."""

from __future__ import annotations

from django.db import models

from oms.accounts.models import User
from orders.book.models import Order


class Draft(models.Model):
    """The entry fields of a draft order as they were typed ({name: text}, orders.entry.domain.draft_fields).

    Its version is the order's; the row goes when the order is submitted or discarded.
    """

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="draft", primary_key=True)
    content = models.JSONField(default=dict)
    saved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    saved_at = models.DateTimeField()
