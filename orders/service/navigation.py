"""Cases in the navigation, with those that are this person's."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.navigation import Waiting, how_many, register
from orders.service.selectors import mine


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The most pressing ones."""
    found: list[Any] = list(mine(user)[:limit])
    return [Waiting(c.number, reverse("orders:case-detail", args=[c.number]), f"{c.customer.name}: {c.title}", at=c.opened_at) for c in found]


register(
    "customers", _("Cases"), "orders:case-list", key="g k", roles={"sales", "approver", "manager", "finance"},
    count=lambda user: how_many(mine(user)), waiting=waiting,
)  # fmt: skip
register("customers", _("Questions"), "orders:questions", roles={"partner"})
