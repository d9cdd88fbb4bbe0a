"""The lock of a balance confirmation: alone, nothing else is locked with it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.confirmations.models import BalanceConfirmation


def lock_confirmation(confirmation_id: int) -> BalanceConfirmation:
    """One confirmation, locked and fresh. Raises NotFound `balance_missing`."""
    rows = BalanceConfirmation.objects.select_for_update(of=("self",), no_key=True).select_related("customer")
    found = rows.filter(pk=confirmation_id).first()
    if found is None:
        raise NotFound(_("There is no such confirmation."), code="balance_missing")
    return found
