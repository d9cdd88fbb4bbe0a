"""Pure kernels of the bank: what a line is, and which invoices it may pay."""

from payments.bank.domain.lines import NewBankLine, StatementData, numbered
from payments.bank.domain.matching import CERTAIN, LineView, OpenInvoice, Proposal, Reason, match

__all__ = [
    "CERTAIN",
    "LineView",
    "NewBankLine",
    "OpenInvoice",
    "Proposal",
    "Reason",
    "StatementData",
    "match",
    "numbered",
]
