"""Returns in the navigation, with what waits for the person's next step."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.navigation import Waiting, how_many, register
from orders.returns.selectors import waiting_returns


def waiting(user: Any, limit: int) -> list[Waiting]:
    """The returns that wait longest for one of the user's roles."""
    found: list[Any] = list(waiting_returns(user)[:limit])
    return [Waiting(r.number, reverse("orders:return-detail", args=[r.number]), r.customer.name, at=r.since) for r in found]


register(
    "warehouse", _("Returns"), "orders:return-list", key="g t",
    roles={"warehouse", "manager", "approver", "sales", "finance", "partner"},
    count=lambda user: how_many(waiting_returns(user)), waiting=waiting,
)  # fmt: skip
