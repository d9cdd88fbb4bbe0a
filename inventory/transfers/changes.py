"""Giving up what differs of a transfer takes two persons: the warehouse or a manager proposes, finance or a manager confirms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from inventory.transfers.models import Transfer
from inventory.transfers.services import give_up
from inventory.transfers.services.differences import KIND
from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind


@change_kind(
    KIND,
    gettext_lazy("Difference of a transfer"),
    propose="transfers.propose_give_up",
    confirm="transfers.give_up",
)
def apply(change: ChangeRequest) -> Transfer:
    """Close what is open of it."""
    return give_up(change)
