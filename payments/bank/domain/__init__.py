"""Pure kernels of the bank: what a line is, and which invoices it may pay."""

from payments.bank.domain.index import OpenInvoice
from payments.bank.domain.lines import TEXTS, NewBankLine, StatementData, numbered
from payments.bank.domain.matching import CERTAIN, LineView, Proposal, Reason, divided, match
from payments.bank.domain.words import account_key

__all__ = [
    "CERTAIN",
    "TEXTS",
    "LineView",
    "NewBankLine",
    "OpenInvoice",
    "Proposal",
    "Reason",
    "StatementData",
    "account_key",
    "divided",
    "match",
    "numbered",
]
