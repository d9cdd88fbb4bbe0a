"""Transfers are locked first, sorted by key; then whatever their facts lock."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory.transfers.models import Transfer, TransferLine
from oms.kernel.errors import NotFound


def lock_transfer(transfer_id: int) -> tuple[Transfer, dict[int, TransferLine]]:
    """The transfer and its lines by product id, locked and fresh. Two statements."""
    found = Transfer.objects.select_for_update(of=("self",), no_key=True).filter(pk=transfer_id).first()
    if found is None:
        raise NotFound(_("There is no such transfer."), code="transfer_missing")
    lines = (
        TransferLine.objects.select_for_update(of=("self",), no_key=True)
        .filter(transfer_id=transfer_id)
        .order_by("pk")
    )
    return found, {line.product_id: line for line in lines}
