"""Nouns of billing: `documents` (invoices, credit notes, the subledger, reminders), `proforma` (asked for ahead of delivery),
`months` (what is closed)."""

from payments.billing.models.documents import (
    BillingTerms,
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    Dispute,
    DunningNotice,
    DunningNoticeItem,
    Invoice,
    InvoiceLine,
    InvoiceOrder,
    InvoiceTax,
    ReceivableEntry,
    Refund,
)
from payments.billing.models.months import ClosedMonth
from payments.billing.models.proforma import ProForma, ProFormaLine

__all__ = [
    "BillingTerms",
    "ClosedMonth",
    "CreditApplication",
    "CreditNote",
    "CreditNoteLine",
    "Dispute",
    "DunningNotice",
    "DunningNoticeItem",
    "Invoice",
    "InvoiceLine",
    "InvoiceOrder",
    "InvoiceTax",
    "ProForma",
    "ProFormaLine",
    "ReceivableEntry",
    "Refund",
]
