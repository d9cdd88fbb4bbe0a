"""Which open invoices a bank line pays: proposals with a score and the reasons for it. Pure; people decide.

Evidence adds up: a number written on the line, who sent it, whether the amount fits to the cent, and whether it fits in
one way only. A proposal is certain from `CERTAIN` on: a written number and the exact amount, or a known payer of whose
open invoices one to four sum to the amount in exactly one way. Two answers that are equally good are both shown, each
says so, and neither is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple

from payments.bank.domain.index import Account, Index, OpenInvoice, allowed, longest, units
from payments.bank.domain.sums import Sums
from payments.bank.domain.words import account_key, folded, tokens, words_of

CERTAIN = 90
SHOWN = 5
INVOICE_NUMBER, ORDER_NUMBER, CUSTOMER_PO = 60, 55, 45
POINTS = {"invoice_number": INVOICE_NUMBER, "order_number": ORDER_NUMBER, "customer_po": CUSTOMER_PO}
NUMBER = {
    "invoice_number": attrgetter("number"),
    "order_number": attrgetter("order_number"),
    "customer_po": attrgetter("customer_po"),
}
ACCOUNT_KNOWN, NAME = 30, 25
AMOUNT, UNIQUE, FEWEST, DISCOUNT, FEE = 35, 30, 15, 30, 10
PARTIAL = 10
NEAR = 5
BEFORE_CERTAIN = CERTAIN - 1
FEE_MOST, FEE_SHARE = Decimal(50), Decimal("0.02")


class LineView(NamedTuple):
    """A bank line to match: `amount` is what is still unmatched, positive."""

    id: int
    amount: Decimal
    value_date: date
    words: str
    counterparty: str
    counterparty_account: str = ""


class Reason(NamedTuple):
    """Why: `code` (views put each into words) and what it is about."""

    code: str
    about: str = ""


class Proposal(NamedTuple):
    """Pay these invoices of one account; `rest` stays unapplied, `discounts` (invoice, amount) were kept by the payer.

    `score` is 0–100; `ambiguous` means that another answer is as good.
    """

    customer_id: int
    account_id: int
    allocations: tuple[tuple[int, Decimal], ...]
    rest: Decimal
    score: int
    reasons: tuple[Reason, ...]
    discounts: tuple[tuple[int, Decimal], ...] = ()
    ambiguous: bool = False
    exact: bool = False

    @property
    def certain(self) -> bool:
        return self.score >= CERTAIN and self.exact and not self.rest and not self.ambiguous


def divided(parts: Iterable[tuple[int, Decimal]]) -> tuple[dict[int, Decimal], dict[int, Decimal]]:
    """What pays invoices, and what is paid ahead on pro formas (their ids are negative among the open items)."""
    rows = list(parts)
    return {i: part for i, part in rows if i > 0}, {-i: part for i, part in rows if i < 0}


Senders = Mapping[str, Sequence[int]]


def match(
    lines: Sequence[LineView], invoices: Iterable[OpenInvoice], senders: Senders | None = None,
    members: Mapping[int, int] | None = None,
) -> dict[int, list[Proposal]]:  # fmt: skip
    """For each line its best proposals, best first (at most `SHOWN`).

    `senders` {counterparty account: customers} are those whose money came from it before; `members` {customer: credit
    account} of those who may owe nothing themselves and pay for others of their account.
    """
    index = Index(invoices, members)
    works = [_Line(line, index, senders or {}) for line in lines]
    for work in works:
        work.by_numbers()
    undecided = [work for work in works if not any(p.certain for p in work.found.values())]
    for work in sorted(
        undecided, key=lambda work: work.payers
    ):  # payer by payer: their sums are prepared once
        for account_id in work.payers:
            work.by_payer(index.prepared(account_id))
    for work in undecided:
        if not work.payers or not any(p.exact for p in work.found.values()):
            work.by_amount()
    return {work.line.id: work.ranked() for work in works}


class _Line:
    """One line being matched: numbers first, and a number with the exact amount needs no more; then what the payer owes,
    then the amount alone. Collects offers and ranks them."""

    def __init__(self, line: LineView, index: Index, senders: Senders) -> None:
        self.line, self.index = line, index
        self.known = (
            set(senders.get(account_key(line.counterparty_account), ()))
            if line.counterparty_account
            else set()
        )
        self.found: dict[tuple[tuple[int, Decimal], ...], Proposal] = {}

    @cached_property
    def said(self) -> str:
        """Who and what, in capitals without accents."""
        return folded(f"{self.line.counterparty} {self.line.words}")

    @cached_property
    def names(self) -> frozenset[str]:
        return words_of(self.said)

    @cached_property
    def named(self) -> set[int]:
        return self.index.named_customers(self.names)

    @cached_property
    def payers(self) -> list[int]:
        """The credit accounts of who sent it, as far as that is known."""
        return sorted(
            {self.index.account_of[c] for c in self.known | self.named if c in self.index.account_of}
        )

    def ranked(self) -> list[Proposal]:
        """Best first; of exact answers as good as the best each says so."""
        if len(self.found) == 1:
            return list(self.found.values())
        order = sorted(self.found.values(), key=lambda p: (-p.score, len(p.allocations), p.allocations))[
            :SHOWN
        ]
        exact = [p for p in order if p.exact]
        if len(exact) > 1 and exact[0].score - exact[1].score < NEAR and exact[0].score == order[0].score:
            best = exact[0].score
            order = [self.doubted(p) if p.exact and best - p.score < NEAR else p for p in order]
        return order

    def doubted(self, p: Proposal) -> Proposal:
        if p.ambiguous:
            return p
        return p._replace(
            ambiguous=True, score=min(p.score, BEFORE_CERTAIN), reasons=(*p.reasons, Reason("ambiguous"))
        )

    # what is written

    def by_numbers(self) -> None:
        """Invoices whose own number, or whose order's or the customer's for it, stands on the line; by account."""
        seen = tokens(f"{self.line.words} {self.line.counterparty}") & self.index.written.keys()
        if not seen:
            return
        by_account: dict[int, dict[int, tuple[int, str, OpenInvoice]]] = {}
        for word in seen:
            for code, x in self.index.written[word]:
                rows, points = by_account.setdefault(x.account_id, {}), POINTS[code]
                if x.id not in rows or rows[x.id][0] < points:
                    rows[x.id] = (points, code, x)
        for _account, rows in sorted(by_account.items()):
            scores = {score for score, _code, _x in rows.values()}
            best = max(scores)
            self.of_numbers([row for row in rows.values() if row[0] == best], best)
            if len(scores) > 1:
                self.of_numbers(list(rows.values()), min(scores))

    def of_numbers(self, rows: list[tuple[int, str, OpenInvoice]], score: int) -> None:
        """The named invoices together; when they do not make the amount, those of them that do, and what else would."""
        rows = sorted(rows, key=lambda row: (row[2].due_date, row[2].id))
        chosen = [x for _score, _code, x in rows]
        why = list(dict.fromkeys(Reason(code, NUMBER[code](x)) for _score, code, x in rows))
        whole, amount = sum((x.open for x in chosen), Decimal(0)), self.line.amount
        if whole == amount:
            self.offer(chosen, why, score + AMOUNT, exact=True)
            return
        if self.with_discount(chosen, why, score) or self.in_parts(chosen, why, score):
            return
        if whole > amount and len(chosen) > 1:
            self.some_of(chosen, why, score)
        if whole < amount:
            self.and_more(chosen, why, score, amount - whole)
        self.offer(chosen, why, score)

    def with_discount(self, chosen: list[OpenInvoice], why: list[Reason], score: int) -> bool:
        """The payer kept the discount of all of them, or of some, and the rest makes the amount to the cent."""
        may = [x for x in chosen if allowed(x, self.line.value_date)]
        kept = sum((x.open for x in chosen), Decimal(0)) - self.line.amount
        if not may or kept <= 0:
            return False
        answers = Sums([units(x.discount) for x in may]).find(units(kept)).answers
        whole = sum((x.discount for x in may), Decimal(0)) == kept
        places = range(len(may)) if whole else answers[0] if len(answers) == 1 else None
        if places is None:
            return False
        discounts = {may[i].id: may[i].discount for i in places}
        self.offer(
            chosen,
            [*why, Reason("cash_discount", str(kept))],
            score + DISCOUNT,
            exact=True,
            discounts=discounts,
        )
        return True

    def in_parts(self, chosen: list[OpenInvoice], why: list[Reason], score: int) -> bool:
        """The next instalments of those that are paid so, with the others whole, make the amount to the cent."""
        later = {x.id: x.later for x in chosen if x.later}
        if not later or sum((x.open for x in chosen), Decimal(0)) - sum(later.values()) != self.line.amount:
            return False
        self.offer(chosen, [*why, Reason("instalment", str(self.line.amount))], score + AMOUNT, exact=True, later=later)
        return True

    def some_of(self, chosen: list[OpenInvoice], why: list[Reason], score: int) -> None:
        """A few of the named ones make the amount: an order of several invoices, a list of which some were paid."""
        answers = Sums([units(x.open) for x in chosen]).find(units(self.line.amount)).answers
        smallest = [a for a in answers if len(a) == len(answers[0])] if answers else []
        for answer in smallest:
            self.offer([chosen[i] for i in answer], why, score + AMOUNT, exact=True, doubt=len(smallest) > 1)

    def and_more(self, chosen: list[OpenInvoice], why: list[Reason], score: int, rest: Decimal) -> None:
        """The named ones and, to the cent and in one way only, others of the same account."""
        ids = {x.id for x in chosen}
        others = [
            x for x in self.index.accounts[chosen[0].account_id].items if x.id not in ids and x.open <= rest
        ]
        found = Sums([units(x.open) for x in others]).find(units(rest), most=3)
        if found.whole and len(found.answers) == 1:
            more = [others[i] for i in found.answers[0]]
            self.offer(
                [*chosen, *more],
                [*why, Reason("rest_sum", ", ".join(x.number for x in more))],
                score + AMOUNT - FEE,
                exact=True,
            )

    # who sent it

    def by_payer(self, account: Account) -> None:
        """One payer's open invoices: those that make the amount, with or without discount, else the oldest first."""
        amount = units(self.line.amount)
        exact = self.sums_of(account, amount)
        if not exact:
            may = account.discounted(self.line.value_date)
            exact = bool(may) and self.discounted_sums(account, may)
        if not exact and account.in_parts:
            exact = self.sums_of_parts(account)
        if not exact:
            if (more := account.sums.more(amount)) and len(more) == 1:
                self.offer(
                    [account.items[i] for i in more[0]],
                    [Reason("amount_sum", str(len(more[0])))],
                    AMOUNT + FEWEST,
                    exact=True,
                )
            elif (span := account.sums.run(amount)) and span != (0, len(account.items)):
                chosen = account.items[span[0] : span[1]]
                self.offer(chosen, [Reason("amount_run", str(len(chosen)))], AMOUNT + FEWEST, exact=True)
        if account.sums.total == amount and len(account.items) > 4:
            self.offer(
                account.items, [Reason("amount_all", str(self.line.amount))], AMOUNT + FEWEST, exact=True
            )
        if not exact:
            near = account.sums.between(amount, amount + units(self.largest_fee))
            if len(near) == 1:
                self.offer([account.items[near[0]]], [], 0)
            self.offer(account.items, [], 0)

    def sums_of(self, account: Account, amount: int) -> bool:
        """Offers of one to four items that make the amount; one way only is strong, several equal ones say so."""
        found = account.sums.find(amount)
        if not found.answers:
            return False
        size = len(found.answers[0])
        fewest = found.of_size(size)
        alone = len(found.answers) == 1 and found.whole
        score = AMOUNT + (UNIQUE if alone else FEWEST if len(fewest) == 1 else 0)
        for answer in fewest:
            chosen = [account.items[i] for i in answer]
            whole = len(chosen) == len(account.items)
            said = Reason("amount" if size == 1 else "amount_all", str(self.line.amount))
            why = [said if size == 1 or whole else Reason("amount_sum", str(size))]
            why += [Reason("unique")] if alone else [] if found.whole else [Reason("bounded", str(len(account.items)))]
            if not alone and len(fewest) == 1 and len(found.answers) > 1:
                why.append(Reason("more_sums", str(len(found.answers) - 1)))
            self.offer(chosen, why, score, exact=True, doubt=len(fewest) > 1)
        return True

    def discounted_sums(self, account: Account, may: list[OpenInvoice]) -> bool:
        """One to four items, each discount kept that is still due, make the amount in one way only."""
        kept = {x.id: x.discount for x in may}
        if not (chosen := self.only_sum(account, kept)):
            return False
        discounts = {x.id: kept[x.id] for x in chosen if x.id in kept}
        why = [Reason("cash_discount", str(sum(discounts.values(), Decimal(0)))), Reason("unique")]
        self.offer(chosen, why, DISCOUNT + UNIQUE, exact=True, discounts=discounts)
        return True

    def sums_of_parts(self, account: Account) -> bool:
        """One to four items, of those in instalments the next one, make the amount in one way only."""
        if not (chosen := self.only_sum(account, account.in_parts)):
            return False
        why = [Reason("instalment", str(self.line.amount)), Reason("unique")]
        self.offer(chosen, why, AMOUNT + UNIQUE, exact=True, later={x.id: x.later for x in chosen})
        return True

    def only_sum(self, account: Account, kept: Mapping[int, Decimal]) -> list[OpenInvoice]:
        """The one sum that makes the amount when `kept` of some is not paid, with one of these among it; empty for none or several."""
        found = account.net_sums(kept).find(units(self.line.amount))
        answers = [a for a in found.answers if any(account.items[i].id in kept for i in a)]
        return [account.items[i] for i in answers[0]] if len(answers) == 1 and found.whole else []

    # the amount alone

    def by_amount(self) -> None:
        """Nobody is named, or who is named owes nothing like it: the amount alone, over all accounts; never certain."""
        amount = units(self.line.amount)
        singles = [x for x in self.index.by_amount.get(amount, ()) if x.account_id not in self.payers]
        answers, whole = [([x], [Reason("amount_only", x.number)]) for x in singles], True
        if not singles:
            sums, whole = self.sums_of_nobody(amount)
            answers = [(chosen, [Reason("amount_sum", str(len(chosen)))]) for chosen in sums]
        alone = len(answers) == 1
        for chosen, why in answers[:SHOWN]:
            if not whole:
                why.append(Reason("bounded", str(self.index.count)))
            few = -PARTIAL if self.payers else UNIQUE if len(chosen) == 1 else FEWEST
            self.offer(
                chosen, why, AMOUNT + few - NEAR if alone else AMOUNT - PARTIAL, exact=True, doubt=not alone
            )

    def sums_of_nobody(self, amount: int) -> tuple[list[list[OpenInvoice]], bool]:
        """Sums within one account, the fewest items of all accounts, and whether that is all there is."""
        index = self.index
        without = (
            [n for n, account_id in enumerate(index.in_order) if account_id in self.payers]
            if self.payers
            else []
        )
        found, whole = index.anywhere.find(amount, without)
        return [[index.accounts[index.in_order[s.payer]].items[i] for i in s.places] for s in found], whole

    # an offer

    @cached_property
    def largest_fee(self) -> Decimal:
        """So little may be missing that a bank took it."""
        return min(FEE_MOST, self.line.amount * FEE_SHARE)

    def offer(
        self, chosen: Sequence[OpenInvoice], why: list[Reason], score: int, exact: bool = False, doubt: bool = False,
        discounts: Mapping[int, Decimal] | None = None, later: Mapping[int, Decimal] | None = None,
    ) -> None:  # fmt: skip
        """Spread the line over the chosen invoices, oldest first, and add what the sender and the amount tell.

        Of an invoice's open amount the payer kept `discounts` for good, and pays `later` with other instalments.
        """
        left, parts, kept = self.line.amount, [], discounts or {}
        unpaid = {**kept, **(later or {})}
        for x in chosen:
            if left <= 0:
                break
            part = min(left, x.open - unpaid.get(x.id, Decimal(0)))
            parts.append((x.id, part))
            left -= part
        reasons, score, payer = self.evidence(chosen, list(why), score)
        if exact:
            if not any(r.code.startswith(("amount", "cash", "instalment")) for r in reasons):
                reasons.append(Reason("amount" if len(chosen) == 1 else "amount_all", str(self.line.amount)))
        elif left > 0:
            reasons.append(Reason("rest", str(left)))
            score -= PARTIAL
        elif (missing := self.open_of(chosen) - self.line.amount) and missing <= self.largest_fee:
            reasons.append(Reason("bank_fee", str(missing)))
            score += FEE
        else:
            reasons.append(Reason("partial", str(missing)))
            score -= PARTIAL
        if doubt:
            reasons.append(Reason("ambiguous"))
        score = max(0, min(BEFORE_CERTAIN if doubt or not exact else 100, score))
        p = Proposal(
            payer,
            chosen[0].account_id,
            tuple(parts),
            left,
            score,
            tuple(reasons),
            tuple(sorted(kept.items())),
            doubt,
            exact,
        )
        before = self.found.get(p.allocations)
        if before is None or before.score < p.score:
            self.found[p.allocations] = p

    def open_of(self, chosen: Sequence[OpenInvoice]) -> Decimal:
        """What is open of the chosen ones."""
        account = self.index.accounts[chosen[0].account_id]
        return account.owed if chosen is account.items else sum((x.open for x in chosen), Decimal(0))

    def evidence(
        self, chosen: Sequence[OpenInvoice], reasons: list[Reason], score: int
    ) -> tuple[list[Reason], int, int]:
        """Who sent it: an account we know, a name on the line. A credit account's members pay for each other."""
        index, account_id = self.index, chosen[0].account_id
        account = index.accounts[account_id]
        owing = account.owing if chosen is account.items else {x.customer_id for x in chosen}
        others = index.members[account_id] - owing
        known = self.known & index.members[account_id]
        named = {c for c in owing if self.is_named(c)} or (others and self.named & others)
        if known:
            reasons.append(Reason("known_account", self.line.counterparty_account))
            score += ACCOUNT_KNOWN
        if named:
            reasons.append(Reason("name", index.called[min(named)]))
            score += NAME
        payer = min(known & owing or known or named & owing or [chosen[0].customer_id])
        return reasons, score, payer

    def is_named(self, customer: int) -> bool:
        """Whether a customer's name stands on the line."""
        name = self.index.names.get(customer)
        return bool(name) and longest(name) in self.said and bool(self.index.share(customer, self.names))
