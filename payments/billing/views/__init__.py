"""Pages of billing: `receivables` read, `crediting` propose and decide what lowers an invoice."""

from payments.billing.views.crediting import (
    ApplyCredit,
    ChargeFee,
    CreditNoteDetail,
    CreditNoteList,
    CreditNotePdf,
    DisputeInvoice,
    ProposeCredit,
    ProposeRefund,
    ProposeWriteOff,
    SettleDispute,
)
from payments.billing.views.dunning import ReminderPdf, Reminders, WriteReminders
from payments.billing.views.proforma import ProFormaDetail, ProFormaList, ProFormaPdf
from payments.billing.views.receivables import (
    AccountDetail,
    Ageing,
    InvoiceDetail,
    InvoiceList,
    InvoicePdf,
    OwnStatement,
    OwnStatementPdf,
    Receivables,
    StatementOfAccount,
    StatementPdf,
)

__all__ = [
    "AccountDetail",
    "Ageing",
    "ApplyCredit",
    "ChargeFee",
    "CreditNoteDetail",
    "CreditNoteList",
    "CreditNotePdf",
    "DisputeInvoice",
    "InvoiceDetail",
    "InvoiceList",
    "InvoicePdf",
    "ProFormaDetail",
    "ProFormaList",
    "ProFormaPdf",
    "ProposeCredit",
    "ProposeRefund",
    "ProposeWriteOff",
    "Receivables",
    "ReminderPdf",
    "Reminders",
    "SettleDispute",
    "OwnStatement",
    "OwnStatementPdf",
    "StatementOfAccount",
    "StatementPdf",
    "WriteReminders",
]
