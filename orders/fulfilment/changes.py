"""Writing off a discrepancy takes two persons: the warehouse or a manager proposes, finance or a manager confirms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from orders.fulfilment.models import Discrepancy
from orders.fulfilment.services import write_off


@change_kind("orders.write_off_discrepancy", gettext_lazy("Write-off of a discrepancy"), propose="fulfilment.propose_write_off",
             confirm="fulfilment.write_off")  # fmt: skip
def apply(change: ChangeRequest) -> Discrepancy:
    """Close what is open of it."""
    return write_off(change)
