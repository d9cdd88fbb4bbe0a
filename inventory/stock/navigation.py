"""Stock's places in the navigation."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.stock.selectors import receipts_due
from inventory.stock.tables import receipt_url
from oms.accounts.choices import Role
from oms.web.navigation import Waiting, how_many, register


def waiting_receipts(user: Any, limit: int) -> list[Waiting]:
    """The first receipts that are due at the user's locations."""
    return [
        Waiting(
            f"{r.reference} {r.product.sku}",
            receipt_url(r),
            _("%(n)s units") % {"n": r.quantity - r.received},
            at=r.available_date,
        )
        for r in receipts_due(user)[:limit]
    ]


register(
    "warehouse", gettext_lazy("Stock"), "inventory:stock-list", key="g s",
    roles={Role.WAREHOUSE, Role.MANAGER, Role.SALES, Role.APPROVER},
)  # fmt: skip
register(
    "warehouse", gettext_lazy("Receive goods"), "inventory:receive", roles={Role.WAREHOUSE},
    count=lambda user: how_many(receipts_due(user)), waiting=waiting_receipts,
)  # fmt: skip
register("warehouse", gettext_lazy("Put away"), "inventory:put-away", roles={Role.WAREHOUSE})
register("warehouse", gettext_lazy("Adjust stock"), "inventory:adjust", roles={Role.WAREHOUSE})
