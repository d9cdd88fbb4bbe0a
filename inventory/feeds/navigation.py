"""Feeds in the navigation, with the messages that wait for a person."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

import inventory.alerts.navigation  # noqa: F401  feeds stand last
from inventory.feeds.selectors import quarantined, sentence
from oms.accounts.choices import Role
from oms.web.navigation import Waiting, how_many, register


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The messages that wait longest."""
    return [
        Waiting(str(m.seq), reverse("inventory:feed-message", args=[m.pk]), f"{m.feed.name}: {sentence(m.findings[0])}", at=m.received_at)
        for m in quarantined(user)[:limit]
    ]


register("warehouse", _("Warehouse feeds"), "inventory:feed-list", key="g j", roles={Role.WAREHOUSE, Role.MANAGER},
         count=lambda user: how_many(quarantined(user)), waiting=waiting)
