"""Gathers the models of the rooms: Django looks here."""

from payments.bank.models import (
    Application,
    BankAccount,
    BankLine,
    BankStatement,
    Deposit,
    PaidOut,
    PayerAccount,
    Payment,
    StatementRelease,
)
from payments.billing.models import (
    BillingTerms,
    ClosedMonth,
    CreditApplication,
    CreditNote,
    CreditNoteLine,
    Dispute,
    DunningNotice,
    DunningNoticeItem,
    Invoice,
    InvoiceLine,
    InvoiceTax,
    ProForma,
    ProFormaLine,
    ReceivableEntry,
    Refund,
)
from payments.collections.models import CollectionReceipt
from payments.confirmations.models import BalanceConfirmation
from payments.credit.models import AccountMember, CreditAccount, CreditEntry
from payments.providers.models import GivenBack, ProviderCharge

__all__ = [
    "AccountMember",
    "Application",
    "BalanceConfirmation",
    "BankAccount",
    "BankLine",
    "BankStatement",
    "BillingTerms",
    "ClosedMonth",
    "CollectionReceipt",
    "CreditAccount",
    "CreditApplication",
    "CreditEntry",
    "CreditNote",
    "CreditNoteLine",
    "Deposit",
    "Dispute",
    "DunningNotice",
    "DunningNoticeItem",
    "GivenBack",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "PaidOut",
    "PayerAccount",
    "Payment",
    "ProForma",
    "ProFormaLine",
    "ProviderCharge",
    "ReceivableEntry",
    "Refund",
    "StatementRelease",
]
