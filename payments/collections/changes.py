"""A loss of collected money takes two persons."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from payments.collections.models import CollectionReceipt
from payments.collections.services import confirm_loss


@change_kind("payments.receipt_loss", gettext_lazy("Loss of collected money"), propose="payments.propose_loss", confirm="payments.confirm_loss")
def lose(change: ChangeRequest) -> CollectionReceipt:
    """Close the receipt."""
    return confirm_loss(change)
