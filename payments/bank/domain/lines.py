"""Bank lines and statements as they come in, and what tells equal lines apart."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

# What a bank says of a line in words, in the order in which they are hashed.
TEXTS = ("text", "counterparty", "counterparty_account", "reference", "bank_reference")


@dataclass(frozen=True)
class NewBankLine:
    """A line as keyed or read from a statement; `amount` is signed, money in is positive."""

    booking_date: date
    value_date: date
    amount: Decimal
    text: str = ""
    counterparty: str = ""
    counterparty_account: str = ""
    reference: str = ""
    bank_reference: str = ""

    @cached_property
    def text_hash(self) -> bytes:
        """What tells lines of one day and amount apart; white space does not count."""
        words = "|".join(getattr(self, name) for name in TEXTS)
        return hashlib.sha256(" ".join(words.split()).encode()).digest()

    @property
    def key(self) -> Key:
        """Lines with the same key are told apart only by their count."""
        return self.value_date, self.amount, self.text_hash


Key = tuple[date, Decimal, bytes]


@dataclass(frozen=True)
class StatementData:
    """A statement as the bank sent it. `account` is how the bank names it (IBAN or its own number, "" unknown);
    balances are None where the format has none. `numbers` tell equal lines apart where the format knows them (our export);
    there a statement without a number is lines that were keyed by hand. `flaw` says in words what makes it not to be
    believed as it is."""

    account: str
    number: str
    statement_date: date
    currency: str
    opening: Decimal | None
    closing: Decimal | None
    lines: tuple[NewBankLine, ...]
    numbers: tuple[int, ...] = ()
    flaw: str = ""

    @property
    def difference(self) -> Decimal:
        """closing − opening − Σ lines; 0 for a sound statement and for one without balances."""
        if self.opening is None or self.closing is None:
            return Decimal(0)
        return self.closing - self.opening - sum((line.amount for line in self.lines), Decimal(0))


def numbered(lines: Sequence[NewBankLine], known: Mapping[Key, int] | None = None) -> list[int]:
    """The occurrence number of each line: equal lines of one day are legal and count up (RELIABILITY.md I19).

    `known` says how many equal lines came with earlier statements, when these lines certainly are none of them.
    """
    seen = dict(known or {})
    numbers = []
    for line in lines:
        seen[line.key] = seen.get(line.key, 0) + 1
        numbers.append(seen[line.key])
    return numbers
