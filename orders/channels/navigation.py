"""Messages in the navigation, with those that wait in quarantine."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.navigation import Waiting, how_many, register
from orders.channels.selectors import sentence, waiting_messages


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The messages that wait longest."""
    return [
        Waiting(m.number, reverse("orders:message-detail", args=[m.number]), f"{m.partner.name}: {sentence(m.findings[0])}", at=m.received_at)
        for m in waiting_messages(user)[:limit]
    ]


register("customers", _("Messages"), "orders:message-list", roles={"sales", "manager"}, key="g e",
         count=lambda user: how_many(waiting_messages(user)), waiting=waiting)
