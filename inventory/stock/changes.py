"""Adjustments above the location's limit: the warehouse proposes, a manager confirms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from inventory.stock.services.proposing import KIND, confirmed
from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from oms.events.services import current


@change_kind(KIND, gettext_lazy("Adjustment of stock"), propose="stock.propose_adjustment", confirm="stock.confirm_adjustment")
def apply(change: ChangeRequest) -> None:
    """Post it."""
    confirmed(change, current().by)
