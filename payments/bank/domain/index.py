"""Open invoices by what a bank line may say of them: numbers, amounts, accounts, words of names. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple

from payments.bank.domain.anywhere import Anywhere
from payments.bank.domain.sums import Sums
from payments.bank.domain.words import DIGITS, core_of, name_words, squeezed

SCALE = 1_000
PREPARED = 4_000_000  # pairs kept ready at once


class OpenInvoice(NamedTuple):
    """An open invoice: `open` is positive, in the currency of the lines; `discount` of it may be kept until a day.

    `part` is what is open of its next instalment, None when it is due as a whole.
    """

    id: int
    number: str
    order_number: str
    customer_po: str
    account_id: int
    customer_id: int
    customer_name: str
    due_date: date
    open: Decimal
    discount: Decimal = Decimal(0)
    discount_until: date | None = None
    part: Decimal | None = None

    @property
    def later(self) -> Decimal:
        """What of it is due with later instalments."""
        return self.open - self.part if self.part is not None else Decimal(0)


def units(amount: Decimal) -> int:
    """An amount as a whole number, for sums and look-ups."""
    return int(amount * SCALE)


@lru_cache(100_000)
def longest(words: frozenset[str]) -> str:
    """The longest word, of equals the first."""
    return max(sorted(words), key=len)


def allowed(x: OpenInvoice, on: date) -> bool:
    """Whether cash discount is due: by the bank's value date, not by ours."""
    return x.discount_until is not None and 0 < x.discount < x.open and on <= x.discount_until


@dataclass
class Account:
    """The open invoices of one credit account, the oldest due first."""

    items: list[OpenInvoice] = field(default_factory=list)
    _net: dict[frozenset[int], Sums] = field(default_factory=dict)

    @cached_property
    def sums(self) -> Sums:
        return Sums([units(x.open) for x in self.items])

    @cached_property
    def owed(self) -> Decimal:
        """All that is open."""
        return sum((x.open for x in self.items), Decimal(0))

    @cached_property
    def owing(self) -> set[int]:
        """The customers whose invoices these are."""
        return {x.customer_id for x in self.items}

    @cached_property
    def _discounted(self) -> list[OpenInvoice]:
        return [x for x in self.items if allowed(x, date.min)]

    def discounted(self, on: date) -> list[OpenInvoice]:
        """Those of which a discount may be kept by money of that value date."""
        return [x for x in self._discounted if allowed(x, on)]

    @cached_property
    def in_parts(self) -> dict[int, Decimal]:
        """{invoice: what of it is due with later instalments} of those paid in instalments."""
        return {x.id: x.later for x in self.items if x.later}

    def net_sums(self, kept: Mapping[int, Decimal]) -> Sums:
        """The amounts without what is kept of some: a discount, later instalments."""
        key = frozenset(kept)
        if key not in self._net:
            self._net[key] = Sums([units(x.open - kept.get(x.id, Decimal(0))) for x in self.items])
        return self._net[key]

    def forget(self) -> None:
        """Give the memory of prepared sums back."""
        self.__dict__.pop("sums", None)
        self._net.clear()


class Index:
    """Open invoices by what may be written on a line, by amount, by account, by words of names."""

    def __init__(self, invoices: Iterable[OpenInvoice], members: Mapping[int, int] | None = None) -> None:
        self.written: dict[str, list[tuple[str, OpenInvoice]]] = defaultdict(list)
        self.by_amount: dict[int, list[OpenInvoice]] = defaultdict(list)
        self.accounts: dict[int, Account] = defaultdict(Account)
        self.account_of: dict[int, int] = {}
        self.by_longest: dict[str, set[int]] = defaultdict(set)
        self.names: dict[int, frozenset[str]] = {}
        self.called: dict[int, str] = {}
        self._prepared: dict[int, int] = {}
        self._pairs = 0
        rows = sorted(invoices, key=lambda x: (x.due_date, x.id))
        self.count = len(rows)
        for x in rows:
            self.by_amount[units(x.open)].append(x)
            self.accounts[x.account_id].items.append(x)
            if x.customer_id not in self.names:
                self.account_of[x.customer_id], self.called[x.customer_id] = x.account_id, x.customer_name
                self.names[x.customer_id] = name_words(x.customer_name)
                if words := self.names[x.customer_id]:
                    self.by_longest[longest(words)].add(x.customer_id)
        self.account_of = {
            **{c: a for c, a in (members or {}).items() if a in self.accounts},
            **self.account_of,
        }
        self.members: dict[int, set[int]] = defaultdict(set)
        for customer, account_id in self.account_of.items():
            self.members[account_id].add(customer)
        self._write(rows)

    def _write(self, rows: list[OpenInvoice]) -> None:
        """Every number of every invoice, written without gaps and as its bare digits."""
        written = self.written
        for x in rows:
            for code, number in (("invoice_number", x.number), ("order_number", x.order_number), ("customer_po", x.customer_po)):
                if number and (whole := squeezed(number)):
                    written[whole].append((code, x))
                    if len(whole) > DIGITS and (core := core_of(whole)) and core != whole:
                        written[core].append((code, x))

    @cached_property
    def anywhere(self) -> Anywhere:
        """Sums of any account's items, for lines of nobody."""
        return Anywhere([[units(x.open) for x in account.items] for account in self.accounts.values()])

    @cached_property
    def in_order(self) -> list[int]:
        """The accounts as `anywhere` counts them."""
        return list(self.accounts)

    def prepared(self, account_id: int) -> Account:
        """An account whose sums are asked for; the longest ready ones make room for it."""
        size = len(self.accounts[account_id].items) ** 2 // 2
        self._pairs -= self._prepared.pop(account_id, 0)
        while self._prepared and self._pairs + size > PREPARED:
            oldest = next(iter(self._prepared))
            self._pairs -= self._prepared.pop(oldest)
            self.accounts[oldest].forget()
        self._prepared[account_id] = size
        self._pairs += size
        return self.accounts[account_id]

    def share(self, customer: int, words: frozenset[str]) -> float:
        """How much of a customer's name stands on the line: 0 unless at least half of it, and its longest word, do."""
        name = self.names.get(customer)
        if not name or longest(name) not in words:
            return 0
        share = len(name & words) / len(name)
        return share if share >= 0.5 else 0

    def named_customers(self, words: frozenset[str]) -> set[int]:
        """The customers who are named best on the line."""
        shares = {
            c: self.share(c, words) for word in words & self.by_longest.keys() for c in self.by_longest[word]
        }
        best = max(shares.values(), default=0)
        return {c for c, share in shares.items() if best and share == best}
