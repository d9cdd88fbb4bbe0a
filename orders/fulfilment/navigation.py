"""Fulfilment's places in the navigation."""

from __future__ import annotations

from django.db.models import F
from django.utils.translation import gettext_lazy as _

from oms.web.navigation import how_many, register
from orders.fulfilment.selectors import to_put_back, visible_discrepancies

register("warehouse", _("Waves"), "orders:waves", roles={"warehouse", "manager"})
register("warehouse", _("Put back"), "orders:put-backs", roles={"warehouse"}, count=lambda user: how_many(to_put_back(user)))
register(
    "warehouse", _("Discrepancies"), "orders:discrepancy-list", roles={"warehouse", "manager", "finance"},
    count=lambda user: how_many(visible_discrepancies(user).filter(quantity__gt=F("cleared"))),
)  # fmt: skip
