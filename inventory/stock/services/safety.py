"""Safety stock: what availability keeps back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.stock.bookings import Pair
from inventory.stock.locks import open_cells
from inventory.stock.services.availability import rebuild_cells
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid


@use_case("stock.set_safety")
def set_safety(levels: Mapping[Pair, int], *, by: Any, at: datetime | None = None) -> None:
    """Keep back {(product id, location id): base units}. A decision: Conflict `short` where that is already promised."""
    authorize(by, "stock.set_safety")
    if any(level < 0 for level in levels.values()):
        raise Invalid(_("Safety stock is zero or more."), code="quantity_invalid")
    if not levels:
        return
    cells = open_cells(levels)
    current().event(
        "stock.safety_set", [("product", product) for product in sorted({product for product, _location in levels})],
        {"levels": sorted([product, location, level] for (product, location), level in levels.items())},
    )  # fmt: skip
    rebuild_cells({pair: cell._replace(safety=levels[pair]) for pair, cell in cells.items()}, None)
