"""Cancelling an invoice takes two persons: finance proposes, a manager confirms."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from orders.invoicing.services import cancel_invoice
from payments.billing.models import CreditNote


@change_kind("orders.cancel_invoice", gettext_lazy("Cancellation of an invoice"), propose="orders.propose_cancel_invoice", confirm="orders.cancel_invoice")
def cancel(change: ChangeRequest) -> CreditNote:
    """Credit it whole and lower what is invoiced."""
    return cancel_invoice(change)
