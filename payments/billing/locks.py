"""The lock of invoices: sorted by key, before payments, bank lines and credit accounts."""

from __future__ import annotations

from collections.abc import Collection

from django.utils.translation import gettext as _

from oms.kernel.errors import NotFound
from payments.billing.models import Invoice


def lock_invoices(ids: Collection[int]) -> dict[int, Invoice]:
    """The invoices, locked and fresh. Raises NotFound `invoice_missing` when one is missing."""
    rows = Invoice.objects.filter(pk__in=ids).select_for_update(of=("self",), no_key=True).order_by("pk")
    found = {invoice.pk: invoice for invoice in rows}
    if len(found) != len(set(ids)):
        raise NotFound(_("There is no such invoice."), code="invoice_missing")
    return found
