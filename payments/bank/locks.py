"""Lock order of money: invoices, then payments, then the bank line; each sorted by key."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.bank.models import BankLine, Payment
from payments.billing.models import Invoice


def lock_invoices(ids: Collection[int]) -> dict[int, Invoice]:
    """The invoices, locked and fresh. Raises NotFound when one is missing."""
    rows = Invoice.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {invoice.pk: invoice for invoice in rows}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such invoice."), code="invoice_missing")
    return found


def lock_payment(payment_id: int) -> Payment:
    """One payment, locked and fresh."""
    found = Payment.objects.filter(pk=payment_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such payment."), code="payment_missing")
    return found


def lock_bank_line(line_id: int) -> BankLine:
    """One bank line, locked and fresh."""
    found = BankLine.objects.filter(pk=line_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such bank line."), code="bank_line_missing")
    return found
