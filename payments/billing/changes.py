"""What of billing takes two persons: finance proposes; a manager confirms (small write-offs: another one of finance)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from payments.billing.models import ClosedMonth, CreditNote, Refund
from payments.billing.services import confirm_credit, confirm_refund, confirm_write_off, reopen_month


@change_kind("payments.credit_note", gettext_lazy("Credit note"), propose="payments.propose_credit", confirm="payments.confirm_credit")
def credit(change: ChangeRequest) -> CreditNote:
    """Issue it."""
    return confirm_credit(change)


@change_kind("payments.write_off", gettext_lazy("Write-off"), propose="payments.propose_write_off", confirm="payments.confirm_write_off")
def write_off(change: ChangeRequest) -> CreditNote:
    """Post it."""
    return confirm_write_off(change)


@change_kind("payments.refund", gettext_lazy("Refund"), propose="payments.propose_refund", confirm="payments.confirm_refund")
def refund(change: ChangeRequest) -> Refund:
    """Post it."""
    return confirm_refund(change)


@change_kind("payments.reopen_month", gettext_lazy("A closed month opened again"), propose="payments.propose_reopen_month", confirm="payments.confirm_reopen_month")
def reopen(change: ChangeRequest) -> ClosedMonth:
    """Open it."""
    return reopen_month(change)
