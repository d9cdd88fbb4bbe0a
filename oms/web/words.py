"""Events in words, for timelines: what happened in one plain phrase."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

PHRASES = {
    "order.submitted": gettext_lazy("entered and submitted the order, {total} {currency}"),
    "order.approved": gettext_lazy("approved"),
    "order.cut": gettext_lazy("cut the order"),
    "order.rejected": gettext_lazy("rejected the order"),
    "order.cancelled": gettext_lazy("cancelled the order"),
    "order.completed": gettext_lazy("completed the order: everything delivered and settled"),
    "order.held": gettext_lazy("held the order"),
    "order.hold_lifted": gettext_lazy("released the {kind} hold of {amount}"),
    "shipment.released": gettext_lazy("released {units} units to the warehouse"),
    "shipment.shipped": gettext_lazy("shipped"),
    "shipment.delivered": gettext_lazy("confirmed delivery on {date}"),
    "shipment.cancelled": gettext_lazy("took a shipment back"),
    "invoice.issued": gettext_lazy("issued an invoice of {total}"),
    "payment.applied": gettext_lazy("applied a payment of {amount}"),
    "payment.reversed": gettext_lazy("reversed a payment of {amount}"),
    "plan.published": gettext_lazy("planned the backlog"),
    "plan.softened": gettext_lazy("planned the released goods again"),
}


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "?"


def phrase(name: str, data: dict[str, Any]) -> str:
    """What happened, in words; an event without a phrase shows its name."""
    known = PHRASES.get(name)
    return str(known).format_map(_Known(data)) if known else name.replace(".", " ").replace("_", " ")


def entries(timeline: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows of the timeline component, newest first, from `oms.events.selectors.timeline`."""
    return [
        {"at": e.at, "who": _("System") if e.by_system else e.actor, "what": phrase(e.name, e.data), "why": e.note}
        for e in reversed(list(timeline))
    ]
