"""Writes of stock: parts for decisions (availability, ledger), use cases for facts (received, adjusted, counted)."""

from inventory.stock.services.availability import Booking, book, book_by_day, rebuild, unbook
from inventory.stock.services.blocked import (
    BlockedIn,
    BlockedOut,
    block,
    give_up_blocked,
    put_back,
    release_block,
    scrap,
    shelve,
    take_blocked,
    unblock,
)
from inventory.stock.services.facts import (
    Change,
    Counted,
    Left,
    Moved,
    Opening,
    Received,
    adjust,
    count,
    leave,
    passed_through,
    receive,
    set_opening,
    transfer,
)
from inventory.stock.services.issuing import issue
from inventory.stock.services.ledger import allocate, deallocate
from inventory.stock.services.putting_away import PutAway, put_away
from inventory.stock.services.receipts import ReceiptRow, close_receipt, expect_receipt, expect_receipts
from inventory.stock.services.safety import set_safety

__all__ = [
    "BlockedIn", "BlockedOut", "Booking", "Change", "Counted", "Left", "Moved", "Opening", "PutAway", "ReceiptRow", "Received", "adjust", "allocate",
    "block", "book", "book_by_day", "close_receipt", "count", "deallocate", "expect_receipt", "expect_receipts", "give_up_blocked",
    "issue", "leave", "passed_through", "put_away", "put_back", "rebuild", "receive", "release_block", "scrap", "set_opening", "set_safety", "shelve",
    "take_blocked", "transfer", "unblock", "unbook",
]  # fmt: skip
