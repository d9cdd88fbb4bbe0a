"""Locks of activities."""

from __future__ import annotations

from customers.relations.models import Activity


def lock_activity(activity_id: int) -> Activity | None:
    """The activity, locked."""
    return Activity.objects.select_for_update(no_key=True).filter(pk=activity_id).first()
