"""Lock order of money: invoices (billing), then payments, then the bank line. A bank account is locked by imports alone."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.bank.models import BankAccount, BankLine, Payment


def lock_payment(payment_id: int) -> Payment:
    """One payment, locked and fresh. Raises NotFound `payment_missing`."""
    found = Payment.objects.filter(pk=payment_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such payment."), code="payment_missing")
    return found


def lock_bank_line(line_id: int) -> BankLine:
    """One bank line, locked and fresh. Raises NotFound `bank_line_missing`."""
    found = BankLine.objects.filter(pk=line_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such bank line."), code="bank_line_missing")
    return found


def lock_bank_account(account_id: int) -> BankAccount:
    """One of our accounts, so that its statements come in one after the other. Raises NotFound `bank_account_missing`."""
    found = BankAccount.objects.filter(pk=account_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such bank account."), code="bank_account_missing")
    return found
