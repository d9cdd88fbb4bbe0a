"""The lock of a receipt: after invoices and before payments."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.collections.models import CollectionReceipt


def lock_receipt(receipt_id: int) -> CollectionReceipt:
    """One receipt, locked and fresh. Raises NotFound `receipt_missing`."""
    found = CollectionReceipt.objects.filter(pk=receipt_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such receipt."), code="receipt_missing")
    return found
