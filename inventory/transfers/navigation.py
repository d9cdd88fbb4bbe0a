"""Transfers in the navigation, with what should leave or be here by today."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.transfers.selectors import to_receive, to_ship
from inventory.transfers.tables import transfer_url
from oms.accounts.choices import Role
from oms.web.navigation import Waiting, how_many, register


def waiting(user: Any, limit: int) -> list[Waiting]:
    """What the user's locations should ship and receive by today."""
    out = [
        Waiting(_("Ship %(n)s") % {"n": t.number}, transfer_url(t), t.target.name, at=t.ship_date)
        for t in to_ship(user)[:limit]
    ]
    come = [
        Waiting(_("Receive %(n)s") % {"n": t.number}, transfer_url(t), t.source.name, at=t.arrival_date)
        for t in to_receive(user)[:limit]
    ]
    return (out + come)[:limit]


register(
    "warehouse", gettext_lazy("Transfers"), "inventory:transfer-list", key="g v", roles={Role.WAREHOUSE, Role.MANAGER},
    count=lambda user: how_many(to_ship(user)) + how_many(to_receive(user)), waiting=waiting,
)  # fmt: skip
