"""Paying money back takes two persons."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from payments.bank.services import confirm_payment_refund
from payments.billing.models import Refund


@change_kind("payments.payment_refund", gettext_lazy("Refund"), propose="payments.propose_refund", confirm="payments.confirm_refund")
def refund(change: ChangeRequest) -> Refund:
    """Post it."""
    return confirm_payment_refund(change)
