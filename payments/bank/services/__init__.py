"""Writes of the bank: `recording` brings lines in, `applying` makes payments of them and undoes them,
`posting` applies by itself what is certain."""

from payments.bank.domain import NewBankLine
from payments.bank.services.applying import apply_line, apply_rest, reverse_payment, standing, undo
from payments.bank.services.depositing import Waiting, free_deposit
from payments.bank.services.opening import OldCredit, OldPayment, bring_credit, bring_payments
from payments.bank.services.paying_out import pay_out, undo_pay_out
from payments.bank.services.posting import Chosen, Posted, post_certain, post_chosen
from payments.bank.services.recording import (
    Imported,
    import_statement,
    record_bank_line,
    release_statement,
    try_statement,
)
from payments.bank.services.refunding import confirm_payment_refund, propose_payment_refund

__all__ = [
    "Chosen",
    "Imported",
    "NewBankLine",
    "OldCredit",
    "OldPayment",
    "Posted",
    "Waiting",
    "apply_line",
    "apply_rest",
    "bring_credit",
    "bring_payments",
    "confirm_payment_refund",
    "free_deposit",
    "import_statement",
    "pay_out",
    "post_certain",
    "post_chosen",
    "propose_payment_refund",
    "record_bank_line",
    "release_statement",
    "reverse_payment",
    "standing",
    "try_statement",
    "undo",
    "undo_pay_out",
]
