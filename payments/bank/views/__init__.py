"""Pages of the bank: `lines` what it says, `matching` what a line pays, `payments` what became of it, `proposals` many lines at once. Each action calls one use case."""

from payments.bank.views.lines import (
    ImportStatement,
    KeyLine,
    LineList,
    ReleaseStatement,
    StatementDetail,
    StatementList,
)
from payments.bank.views.matching import MatchLine, NextLine, PayerOptions, PayOut, UndoPayOut
from payments.bank.views.payments import (
    ApplyRest,
    FreeDeposit,
    PaymentDetail,
    RefundDetail,
    RefundPayment,
    ReversePayment,
)
from payments.bank.views.proposals import Proposals

__all__ = [
    "ApplyRest",
    "FreeDeposit",
    "ImportStatement",
    "KeyLine",
    "LineList",
    "MatchLine",
    "NextLine",
    "PayOut",
    "PayerOptions",
    "PaymentDetail",
    "Proposals",
    "RefundDetail",
    "RefundPayment",
    "ReleaseStatement",
    "ReversePayment",
    "StatementDetail",
    "StatementList",
    "UndoPayOut",
]
