"""Counts in the navigation."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy

import inventory.stock.navigation  # noqa: F401  stock stands before its counts
from inventory.counts.selectors import open_sheets
from oms.accounts.choices import Role
from oms.web.navigation import Waiting, how_many, register


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The sheets being counted where the user works, oldest first."""
    rows = open_sheets(user).select_related("location")[:limit]
    return [Waiting(s.number, reverse("inventory:count-detail", args=[s.number]), s.location.name, at=s.opened_at) for s in rows]


register(
    "warehouse", gettext_lazy("Counts"), "inventory:count-list", key="g n", roles={Role.WAREHOUSE, Role.MANAGER},
    count=lambda user: how_many(open_sheets(user)), waiting=waiting,
)  # fmt: skip
