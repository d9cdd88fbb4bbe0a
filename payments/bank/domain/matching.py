"""Which open invoices a bank line pays: proposals with a score and the reasons for it. Pure; people decide.

Evidence adds up: a number written on the line, who sent it, and whether the amount fits to the cent. A proposal is
certain from `CERTAIN` on, which takes a written invoice number and the exact amount.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import combinations

CERTAIN = 90
SHOWN = 5
INVOICE_NUMBER, ORDER_NUMBER, ACCOUNT_KNOWN, NAME, AMOUNT, AMOUNT_ALL, AMOUNT_SUM, AMOUNT_ONLY = 60, 40, 30, 25, 35, 30, 25, 40
PARTIAL = 10
SUBSET_OF, SUBSET_SIZE = 14, 4
LEGAL_FORMS = frozenset(
    "GMBH AG KG OHG MBH UG SE SARL SA SAS SNC BV NV VOF LTD PLC LLC INC CORP CO COMPANY SPA SRL AB AS OY APS SPOL SRO "
    "THE AND UND ET DE VAN DER".split()
)


@dataclass(frozen=True)
class LineView:
    """A bank line to match: `amount` is what is still unmatched, positive."""

    id: int
    amount: Decimal
    value_date: date
    words: str
    counterparty: str
    counterparty_account: str = ""


@dataclass(frozen=True)
class OpenInvoice:
    """An open invoice: `open` is positive, in the currency of the lines."""

    id: int
    number: str
    order_number: str
    customer_po: str
    account_id: int
    customer_id: int
    customer_name: str
    due_date: date
    open: Decimal


@dataclass(frozen=True)
class Reason:
    """Why: `code` (invoice_number, order_number, known_account, name, amount, amount_all, amount_sum, amount_only,
    partial, rest) and what it is about."""

    code: str
    about: str = ""


@dataclass(frozen=True)
class Proposal:
    """Pay these invoices of one account; `rest` stays unapplied. `score` is 0–100."""

    customer_id: int
    account_id: int
    allocations: tuple[tuple[int, Decimal], ...]
    rest: Decimal
    score: int
    reasons: tuple[Reason, ...]

    @property
    def certain(self) -> bool:
        return self.score >= CERTAIN and not self.rest


def tokens(text: str) -> frozenset[str]:
    """Upper-case words and numbers of a text, and neighbours joined: "INV 12" and "INV-12" also read "INV12"."""
    words = re.findall(r"[^\W_]+", text.upper())
    return frozenset(words) | {a + b for a, b in zip(words, words[1:], strict=False)}


def name_words(name: str) -> frozenset[str]:
    """What identifies a company by its name: words of three letters and more, without legal forms."""
    return frozenset(w for w in re.findall(r"[^\W_]+", name.upper()) if len(w) > 2 and w not in LEGAL_FORMS)


class Index:
    """Open invoices by what may be written on a line, by amount, by account, by words of names."""

    def __init__(self, invoices: Iterable[OpenInvoice]) -> None:
        self.by_number: dict[str, list[OpenInvoice]] = defaultdict(list)
        self.by_order: dict[str, list[OpenInvoice]] = defaultdict(list)
        self.by_amount: dict[Decimal, list[OpenInvoice]] = defaultdict(list)
        self.by_customer: dict[int, list[OpenInvoice]] = defaultdict(list)
        self.by_word: dict[str, set[int]] = defaultdict(set)
        self.names: dict[int, frozenset[str]] = {}
        for x in sorted(invoices, key=lambda x: (x.due_date, x.id)):
            self.by_number[squeezed(x.number)].append(x)
            for number in filter(None, {squeezed(x.order_number), squeezed(x.customer_po)}):
                self.by_order[number].append(x)
            self.by_amount[x.open].append(x)
            self.by_customer[x.customer_id].append(x)
            if x.customer_id not in self.names:
                self.names[x.customer_id] = name_words(x.customer_name)
                for word in self.names[x.customer_id]:
                    self.by_word[word].add(x.customer_id)

    def named_customers(self, words: frozenset[str]) -> set[int]:
        """Customers of whose name at least half the words, and the longest, stand on the line."""
        found = {c for word in words for c in self.by_word.get(word, ())}
        return {
            c for c in found
            if 2 * len(self.names[c] & words) >= len(self.names[c]) and max(self.names[c], key=len) in words
        }  # fmt: skip


def squeezed(number: str) -> str:
    """A number as `tokens` would read it when written without gaps; "" for what is too short to tell anything."""
    plain = "".join(re.findall(r"[^\W_]+", number.upper()))
    return plain if len(plain) > 2 else ""


def match(
    lines: Sequence[LineView], invoices: Iterable[OpenInvoice], senders: Mapping[str, int] | None = None
) -> dict[int, list[Proposal]]:
    """For each line its best proposals, best first (at most `SHOWN`).

    `senders` {counterparty account: customer} are those whose money was matched before.
    """
    index = Index(invoices)
    return {line.id: _propose(line, index, senders or {}) for line in lines}


def _propose(line: LineView, index: Index, senders: Mapping[str, int]) -> list[Proposal]:
    written = tokens(f"{line.words} {line.counterparty}")
    known = senders.get(line.counterparty_account) if line.counterparty_account else None
    named = index.named_customers(written)
    found: dict[tuple[tuple[int, Decimal], ...], Proposal] = {}

    def offer(chosen: Sequence[OpenInvoice], why: list[Reason], score: int) -> None:
        proposal = _allocate(line, chosen, why, score, known, named)
        before = found.get(proposal.allocations)
        if before is None or before.score < proposal.score:
            found[proposal.allocations] = proposal

    for chosen, why, score in _written(written, index):
        offer(chosen, why, score)
    for customer in sorted(named | ({known} if known is not None else set())):
        for chosen, why, score in _of_customer(line.amount, index.by_customer.get(customer, [])):
            offer(chosen, why, score)
    exact = index.by_amount.get(line.amount, [])
    if len(exact) == 1:
        offer(exact, [Reason("amount_only", exact[0].number)], AMOUNT_ONLY - AMOUNT)
    ranked = sorted(found.values(), key=lambda p: (-p.score, len(p.allocations), p.allocations))
    return ranked[:SHOWN]


Offer = tuple[list[OpenInvoice], list[Reason], int]


def _written(written: frozenset[str], index: Index) -> Iterable[Offer]:
    """Invoices whose own number, or whose order's, stands on the line; one offer an account."""
    for table, code, score in ((index.by_number, "invoice_number", INVOICE_NUMBER), (index.by_order, "order_number", ORDER_NUMBER)):
        by_account: dict[int, dict[int, tuple[OpenInvoice, str]]] = defaultdict(dict)
        for word in sorted(written & table.keys()):
            for x in table[word]:
                by_account[x.account_id].setdefault(x.id, (x, x.number if code == "invoice_number" else x.order_number))
        for rows in by_account.values():
            chosen = sorted((x for x, _ in rows.values()), key=lambda x: (x.due_date, x.id))
            yield chosen, [Reason(code, about) for about in sorted({about for _, about in rows.values()})], score


def _of_customer(amount: Decimal, invoices: list[OpenInvoice]) -> Iterable[Offer]:
    """One sender's open invoices: that of exactly the amount, a few that sum to it, or the oldest first."""
    if not invoices:
        return
    for x in invoices:
        if x.open == amount:
            yield [x], [], 0
    first = invoices[:SUBSET_OF]
    for size in range(2, SUBSET_SIZE + 1):
        for some in combinations(first, size):
            if sum(x.open for x in some) == amount and size < len(invoices):
                yield list(some), [Reason("amount_sum", str(size))], AMOUNT_SUM - AMOUNT
                return
    yield invoices, [], 0


def _allocate(
    line: LineView, chosen: Sequence[OpenInvoice], why: list[Reason], score: int, known: int | None, named: set[int]
) -> Proposal:
    """Spread the line over the chosen invoices, oldest first, and add what the sender and the amount tell."""
    left, parts = line.amount, []
    for x in chosen:
        if left <= 0:
            break
        part = min(left, x.open)
        parts.append((x.id, part))
        left -= part
    customers = {x.customer_id for x in chosen}
    reasons = list(why)
    if known in customers:
        reasons.append(Reason("known_account", line.counterparty_account))
        score += ACCOUNT_KNOWN
    if named & customers:
        names = {x.customer_id: x.customer_name for x in chosen}
        reasons.append(Reason("name", names[min(named & customers)]))
        score += NAME
    whole = sum((x.open for x in chosen), Decimal(0))
    if whole == line.amount:
        code = "amount" if len(chosen) == 1 else "amount_all"
        if not any(r.code in ("amount_sum", "amount_only") for r in reasons):
            reasons.append(Reason(code, str(whole)))
        score += AMOUNT
    elif left > 0:
        reasons.append(Reason("rest", str(left)))
        score -= PARTIAL
    else:
        reasons.append(Reason("partial", str(whole - line.amount)))
        score -= PARTIAL
    payer = known if known in customers else chosen[0].customer_id
    assert payer is not None
    return Proposal(payer, chosen[0].account_id, tuple(parts), left, max(0, min(100, score)), tuple(reasons))
