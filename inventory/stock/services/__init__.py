"""Writes of stock: parts for decisions (availability, ledger), use cases for facts (received, adjusted, counted)."""

from inventory.stock.services.availability import Booking, book, book_by_day, rebuild, unbook
from inventory.stock.services.facts import (
    Change,
    Counted,
    Opening,
    Received,
    adjust,
    count,
    receive,
    set_opening,
)
from inventory.stock.services.ledger import allocate, deallocate, issue
from inventory.stock.services.receipts import close_receipt, expect_receipt
from inventory.stock.services.safety import set_safety

__all__ = [
    "Booking", "Change", "Counted", "Opening", "Received", "adjust", "allocate", "book", "book_by_day", "close_receipt",
    "count", "deallocate", "expect_receipt", "issue", "rebuild", "receive", "set_opening", "set_safety", "unbook",
]  # fmt: skip
