"""The practice company's levels: where enough is free in Lyon, some is kept back; then all stock is looked at."""

from __future__ import annotations

from typing import Any

from inventory.alerts.services import refresh_alerts
from inventory.stock.models import Availability
from inventory.stock.services import set_safety

STEP = 98
KEPT = 12


def fill(by: Any) -> None:
    """Safety stock where enough is free for good, and the alerts of now."""
    cells = Availability.objects.filter(location__code="LYO", shortfall=0).order_by("pk")
    set_safety({(c.product_id, c.location_id): KEPT for c in cells if min(c.free) >= KEPT}, by=by)
    refresh_alerts(by=by)
