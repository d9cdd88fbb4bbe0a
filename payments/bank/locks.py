"""Lock order of money: invoices and pro formas (billing), then payments, then the bank line. A bank account is locked by imports alone."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.bank.models import BankAccount, BankLine, Deposit, Payment
from payments.billing.locks import lock_pro_formas
from payments.billing.models import ProForma


def lock_payment(payment_id: int) -> Payment:
    """One payment, locked and fresh. Raises NotFound `payment_missing`."""
    found = Payment.objects.filter(pk=payment_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such payment."), code="payment_missing")
    return found


def lock_payments(ids: Collection[int]) -> dict[int, Payment]:
    """Payments, locked and fresh, in order."""
    return {p.pk: p for p in Payment.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")}


def lock_tagged(payment_id: int) -> dict[int, ProForma]:
    """The pro formas that a payment was ever tagged to, locked before the payment is."""
    rows = Deposit.objects.filter(payment_id=payment_id).values_list("pro_forma_id", flat=True).distinct()
    return lock_pro_formas(set(rows))


def lock_bank_line(line_id: int) -> BankLine:
    """One bank line, locked and fresh. Raises NotFound `bank_line_missing`."""
    found = BankLine.objects.filter(pk=line_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such bank line."), code="bank_line_missing")
    return found


def lock_bank_lines(ids: Collection[int]) -> dict[int, BankLine]:
    """Bank lines, locked and fresh, sorted. Raises NotFound `bank_line_missing` when one is missing."""
    rows = BankLine.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {line.pk: line for line in rows}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such bank line."), code="bank_line_missing")
    return found


def lock_bank_account(account_id: int) -> BankAccount:
    """One of our accounts, so that its statements come in one after the other. Raises NotFound `bank_account_missing`."""
    found = BankAccount.objects.filter(pk=account_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such bank account."), code="bank_account_missing")
    return found
