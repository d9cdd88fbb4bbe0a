"""The locks of invoices, then pro formas and credit notes: sorted by key, before payments, bank lines and credit accounts."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.billing.models import CreditNote, Invoice, ProForma


def lock_invoices(ids: Collection[int]) -> dict[int, Invoice]:
    """The invoices, locked and fresh. Raises NotFound `invoice_missing` when one is missing."""
    rows = Invoice.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {invoice.pk: invoice for invoice in rows}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such invoice."), code="invoice_missing")
    return found


def lock_pro_formas(ids: Collection[int]) -> dict[int, ProForma]:
    """The pro formas, locked and fresh. Raises NotFound `pro_forma_missing` when one is missing."""
    rows = ProForma.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {x.pk: x for x in rows}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such pro forma."), code="pro_forma_missing")
    return found


def lock_credit_note(note_id: int) -> CreditNote:
    """One credit note, locked and fresh. Raises NotFound `credit_note_missing`."""
    found = CreditNote.objects.filter(pk=note_id).select_for_update(of=("self",), no_key=True).first()
    if found is None:
        raise NotFound(_("There is no such credit note."), code="credit_note_missing")
    return found


def lock_discounts(payment_id: int) -> list[CreditNote]:
    """The cash discounts that were kept of a payment and still stand, locked, in order."""
    rows = CreditNote.objects.filter(payment_id=payment_id, undone=False)
    return list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
