"""What is typed of an order that is not submitted yet, and what is ordered again and again.

The order of a draft stands in the book and takes nothing.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from customers.parties.models import Customer
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


class OrderTemplate(models.Model):
    """Lines and terms that are ordered again and again, by name: a customer's, for all who see it, or somebody's own."""

    name = models.CharField(max_length=60)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    content = models.JSONField(default=dict)
    kept_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["customer", "name"], name="template_of_customer_once", condition=Q(customer__isnull=False)),
            models.UniqueConstraint(fields=["by", "name"], name="template_of_person_once", condition=Q(customer__isnull=True)),
            models.CheckConstraint(name="template_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name
