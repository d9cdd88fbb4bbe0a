"""What people keep on the desk: notes and files on an order, and how they look at the list of orders."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from oms.accounts.models import User
from oms.events.models import Event
from orders.book.models import Order


class SavedView(models.Model):
    """A person's filters of the order list under a name; `query` is the address after the question mark."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=40)
    query = models.CharField(max_length=500)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "name"], name="view_name_once")]

    def __str__(self) -> str:
        return self.name


class OrderNote(models.Model):
    """Something written on an order. Erasable: the event beside it has no text. `internal` ones the customer never sees.

    Dropped, it has neither text nor files any more, and says who dropped it."""

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="desk_notes")
    text = models.TextField(blank=True)
    internal = models.BooleanField(default=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField()
    dropped_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", db_index=False, null=True, blank=True)
    dropped_at = models.DateTimeField(null=True, blank=True)
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="note_dropped",
                condition=Q(dropped_at__isnull=True, dropped_by__isnull=True) | Q(dropped_at__isnull=False, dropped_by__isnull=False, text=""),
            )
        ]


class OrderFile(models.Model):
    """A file that came with a note; kept as it came, never shown inside a page."""

    note = models.ForeignKey(OrderNote, on_delete=models.PROTECT, related_name="files")
    name = models.CharField(max_length=120)
    size = models.IntegerField()
    sha256 = models.BinaryField(max_length=32)
    content = models.BinaryField()

    class Meta:
        constraints = [models.CheckConstraint(name="order_file_size", condition=Q(size__gt=0, size__lte=5 * 2**20))]
