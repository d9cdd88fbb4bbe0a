"""Writes of the bank: `recording` brings lines in, `applying` makes payments of them and undoes them."""

from payments.bank.domain import NewBankLine
from payments.bank.services.applying import apply_line, apply_rest, reverse_payment
from payments.bank.services.recording import Imported, import_statement, record_bank_line

__all__ = [
    "Imported",
    "NewBankLine",
    "apply_line",
    "apply_rest",
    "import_statement",
    "record_bank_line",
    "reverse_payment",
]
