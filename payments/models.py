"""Gathers the models of the rooms: Django looks here."""

from payments.bank.models import Application, BankAccount, BankLine, BankStatement, Payment
from payments.billing.models import Invoice, InvoiceLine, InvoiceTax, ReceivableEntry
from payments.credit.models import AccountMember, CreditAccount, CreditEntry

__all__ = [
    "AccountMember",
    "Application",
    "BankAccount",
    "BankLine",
    "BankStatement",
    "CreditAccount",
    "CreditEntry",
    "Invoice",
    "InvoiceLine",
    "InvoiceTax",
    "Payment",
    "ReceivableEntry",
]
