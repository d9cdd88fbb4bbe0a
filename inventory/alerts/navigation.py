"""Alerts in the navigation."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from inventory.alerts.choices import PRESSING
from inventory.alerts.selectors import alerts
from oms.accounts.choices import Role
from oms.web.navigation import how_many, register

register(
    "warehouse", gettext_lazy("Stock alerts"), "inventory:alert-list", key="g z", roles={Role.WAREHOUSE, Role.MANAGER},
    count=lambda user: how_many(alerts(user).filter(kind__in=PRESSING)),
)  # fmt: skip
