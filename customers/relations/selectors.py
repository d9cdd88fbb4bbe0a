"""Reads of activities."""

from __future__ import annotations

from django.db.models import BooleanField, Case, F, Q, Value, When

from customers.relations.models import Activity


def activities(customer_id: int, limit: int = 20) -> list[Activity]:
    """The last ones of a customer: what is still to be done first (`waits`), by its day, then the newest. One statement."""
    waits = Case(When(Q(done_at=None, follow_up_date__isnull=False), then=Value(True)), default=Value(False), output_field=BooleanField())
    due = Case(When(Q(done_at=None), then=F("follow_up_date")))
    rows = Activity.objects.filter(customer_id=customer_id).select_related("by", "contact").annotate(waits=waits, due=due)
    return list(rows.order_by("-waits", F("due").asc(nulls_last=True), "-happened_on", "-pk")[:limit])
