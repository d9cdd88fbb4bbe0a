"""Reads of holds: which open ones stop a step."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from oms.kernel.errors import Conflict
from orders.holds.models import Hold


def open_holds(order_ids: Collection[int]) -> QuerySet[Hold]:
    """Open holds of the orders, oldest first."""
    return Hold.objects.filter(order_id__in=order_ids, released_at__isnull=True).order_by("opened_at", "pk")


def stopping(order_ids: Collection[int], step: str) -> dict[int, list[Hold]]:
    """Order id → open holds that stop `step`."""
    result: dict[int, list[Hold]] = {}
    for hold in open_holds(order_ids).filter(steps__contains=[step]):
        result.setdefault(hold.order_id, []).append(hold)
    return result


def refuse_if_held(order_id: int, step: str) -> None:
    """Raise Conflict `held` when an open hold stops `step`: which hold, how much, who may release it."""
    holds = stopping([order_id], step).get(order_id)
    if not holds:
        return
    hold = holds[0]
    raise Conflict(
        _("The order is held (%(kind)s, %(amount)s).") % {"kind": hold.get_kind_display().lower(), "amount": hold.amount},
        code="held",
        who=hold.get_owner_display(),
        clears=_("Release the hold: %(reason)s") % {"reason": hold.reason or hold.code},
        holds=[h.pk for h in holds],
        amount=str(hold.amount),
    )
