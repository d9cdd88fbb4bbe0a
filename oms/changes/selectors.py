"""Reads of changes: what waits, and for whom."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from oms.accounts.policies import may
from oms.changes.models import ChangeRequest
from oms.changes.registry import kinds


def confirmable_kinds(user: Any) -> list[str]:
    """The kinds of change this person may confirm (of others)."""
    return sorted(code for code, kind in kinds().items() if may(user, kind.confirm))


def waiting_for(user: Any) -> QuerySet[ChangeRequest]:
    """Open changes of others that `user` may confirm, oldest first."""
    return (
        ChangeRequest.objects.filter(state=ChangeRequest.State.OPEN, kind__in=confirmable_kinds(user))
        .exclude(proposed_by_id=user.pk)
        .select_related("proposed_by")
        .order_by("proposed_at", "pk")
    )


def proposed_by(user: Any) -> QuerySet[ChangeRequest]:
    """Open changes this person proposed, oldest first."""
    return ChangeRequest.objects.filter(state=ChangeRequest.State.OPEN, proposed_by_id=user.pk).order_by("proposed_at", "pk")


def open_changes(kind: str, subject_id: int) -> ChangeRequest | None:
    """The open change of this kind about this thing, or None."""
    return ChangeRequest.objects.filter(state=ChangeRequest.State.OPEN, kind=kind, subject_id=subject_id).select_related("proposed_by").first()
