"""What a bank line may pay: the open items as matching sees them, all of them for an import, those a line may mean for its page."""

from __future__ import annotations

import gc
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection

from customers.parties.models import Customer
from payments.bank.domain import (
    LineView,
    OpenInvoice,
    Proposal,
    account_key,
    match,
)
from payments.bank.domain.index import longest
from payments.bank.domain.words import DIGITS, folded, name_words, tokens, words_of
from payments.bank.models import (
    BankLine,
    PayerAccount,
)
from payments.billing.models import BillingTerms, Invoice, ProForma
from payments.billing.selectors import open_invoices, open_pro_formas
from payments.credit.models import AccountMember

# The open ones first, behind their partial index, whatever the planner thinks of a sum of columns.
OPEN_ITEMS = """
WITH items AS MATERIALIZED (
    SELECT * FROM payments_invoice WHERE total > applied + credited AND currency_id = %(currency)s
      AND (%(accounts)s::bigint[] IS NULL OR account_id = ANY(%(accounts)s))
)
SELECT i.id, i.number, i.order_number, i.customer_po, i.account_id, i.customer_id, c.name, i.due_date,
       i.total - i.applied - i.credited, i.discount_amount, i.discount_until, NULL::numeric
FROM items i JOIN customers_customer c ON c.id = i.customer_id WHERE i.instalments = 1
UNION ALL
SELECT i.id, i.number, i.order_number, i.customer_po, i.account_id, i.customer_id, c.name, part.due_date,
       i.total - i.applied - i.credited, i.discount_amount, i.discount_until, part.open
FROM items i JOIN customers_customer c ON c.id = i.customer_id
CROSS JOIN LATERAL (SELECT p.due_date, p.open FROM open_parts(i.total, i.total - i.applied - i.credited, i.due_date, i.instalments, i.instalment) p
                    ORDER BY p.number LIMIT 1) part
WHERE i.instalments > 1
UNION ALL
SELECT -f.id, f.number, f.order_number, f.customer_po, f.account_id, f.customer_id, c.name, f.issued_date, f.due - f.paid, 0, NULL, NULL
FROM payments_proforma f JOIN customers_customer c ON c.id = f.customer_id
WHERE f.currency_id = %(currency)s AND NOT f.withdrawn AND f.paid < f.due AND (%(accounts)s::bigint[] IS NULL OR f.account_id = ANY(%(accounts)s))
"""


def open_items(currency: str, accounts: Collection[int] | None = None) -> list[OpenInvoice]:
    """Every open invoice of a currency (of these credit accounts only when given) and every pro forma that is not paid (its id
    negative), as matching sees them; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ITEMS, {"currency": currency, "accounts": None if accounts is None else sorted(accounts)})
        return list(map(OpenInvoice._make, cursor.fetchall()))


# Accounts with an open item that lines' words or amounts may mean: numbers without their gaps, or their digits at the end.
NEAR = """
SELECT DISTINCT account_id FROM (
    SELECT account_id, number, order_number, customer_po, total - applied - credited AS open FROM payments_invoice
    WHERE total > applied + credited AND currency_id = %(currency)s
    UNION ALL SELECT account_id, number, order_number, customer_po, due - paid FROM payments_proforma
    WHERE NOT withdrawn AND paid < due AND currency_id = %(currency)s
) i
WHERE open = ANY(%(amounts)s) OR number LIKE ANY(%(ends)s) OR order_number LIKE ANY(%(ends)s) OR customer_po LIKE ANY(%(ends)s)
   OR translate(upper(number), %(gaps)s, '') = ANY(%(words)s) OR translate(upper(order_number), %(gaps)s, '') = ANY(%(words)s)
   OR customer_po <> '' AND translate(upper(customer_po), %(gaps)s, '') = ANY(%(words)s)
"""
GAPS_IN_NUMBERS = " -_./:,;#+*()[]&'\""
SUMS_OF_STRANGERS = 20_000  # open items of more than this: only an import tries sums of any account's items


def near(currency: str, views: Sequence[LineView], payers: Collection[int]) -> set[int]:
    """The credit accounts that the words, the senders, names or amounts of lines may mean; two statements, however many there are."""
    seen = {word for view in views for word in tokens(f"{view.words} {view.counterparty}")}
    ends = sorted(f"%{word}" for word in seen if word.isdecimal() and len(word) >= DIGITS)
    names = {word for view in views for word in words_of(folded(f"{view.counterparty} {view.words}"))}
    amounts = sorted({view.amount for view in views})
    with connection.cursor() as cursor:
        cursor.execute(NEAR, {"currency": currency, "amounts": amounts, "ends": ends, "words": sorted(seen), "gaps": GAPS_IN_NUMBERS})
        found = {row[0] for row in cursor.fetchall()}
    for customer, name, account in AccountMember.objects.values_list("customer_id", "customer__name", "account_id"):
        if customer in payers or (own := name_words(name)) and longest(own) in names:
            found.add(account)
    return found


def senders(accounts: Iterable[str]) -> dict[str, list[int]]:
    """Counterparty account → the customers whose money came from it, the most frequent first."""
    keys = {account_key(a) for a in accounts} - {""}
    rows = PayerAccount.objects.filter(account__in=keys, uses__gt=0).order_by("-uses", "customer_id")
    found: dict[str, list[int]] = {}
    for account, customer in rows.values_list("account", "customer_id"):
        found.setdefault(account, []).append(customer)
    return found


@contextmanager
def uncollected() -> Iterator[None]:
    """Python's collector waits: while hundreds of thousands of rows are read that all live to the end, it would walk them
    again and again and find nothing."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def view_of(line: BankLine) -> LineView:
    """A line as matching sees it."""
    return LineView(line.pk, line.unmatched, line.value_date, f"{line.text} {line.reference}", line.counterparty, line.counterparty_account)


def propose_alone(
    line: BankLine, known: Mapping[str, Sequence[int]], payers: Collection[int], members: Mapping[int, int]
) -> dict[int, list[Proposal]] | None:
    """The proposals for one line from the accounts it may mean; None when only a sum of any account's items could still answer."""
    if line.amount <= 0 or not line.unmatched:
        return {}
    view = view_of(line)
    items = open_items(line.currency_id, near(line.currency_id, [view], payers))
    found = match([view], items, known, members)
    of_payer = any(p.exact and any(r.code in ("known_account", "name") for r in p.reasons) for p in found[line.pk])
    alone = of_payer or any(p.certain for p in found[line.pk]) or any(x.open == view.amount for x in items)
    return found if alone or count_open(line.currency_id) > SUMS_OF_STRANGERS else None


def count_open(currency: str) -> int:
    """How many invoices of a currency are open, at most one more than `SUMS_OF_STRANGERS`."""
    return open_invoices().filter(currency_id=currency).order_by()[: SUMS_OF_STRANGERS + 1].count()


@uncollected()
def propose(lines: Sequence[BankLine], *, narrow: bool = False) -> dict[int, list[Proposal]]:
    """Proposals for lines with something unmatched, best first; two statements, and one a currency.

    `narrow`: from the accounts that the lines may mean, for a page of them; sums of strangers' invoices are left to the import.
    """
    known = senders(line.counterparty_account for line in lines)
    payers = {c for group in known.values() for c in group}
    members = dict(AccountMember.objects.filter(customer_id__in=payers).values_list("customer_id", "account_id")) if payers else {}
    found: dict[int, list[Proposal]] = {}
    if len(lines) == 1 and not narrow and (alone := propose_alone(lines[0], known, payers, members)) is not None:
        return alone
    for currency in sorted({line.currency_id for line in lines}):
        views = [view_of(x) for x in lines if x.currency_id == currency and x.amount > 0 and x.unmatched]
        found |= match(views, open_items(currency, near(currency, views, payers) if narrow else None), known, members)
    return found


def customers_that_post() -> dict[int, int]:
    """{customer: the score from which their certain matches post by themselves}; none unless finance set it."""
    rows = BillingTerms.objects.exclude(match_from=None).values_list("customer_id", "match_from")
    return {customer: score for customer, score in rows if score is not None}


@dataclass(frozen=True)
class Offer:
    """A proposal with what it names: the payer, each invoice with the amount it would get."""

    proposal: Proposal
    customer: Customer
    rows: list[tuple[Invoice | ProForma, Decimal]]

    @property
    def applied(self) -> Decimal:
        return sum((amount for _invoice, amount in self.rows), Decimal(0))

    @property
    def kept(self) -> list[tuple[Invoice, Decimal]]:
        """The cash discounts that the payer kept."""
        invoices = {x.pk: x for x, _amount in self.rows if isinstance(x, Invoice)}
        return [(invoices[i], amount) for i, amount in self.proposal.discounts if i in invoices]


def offers(line: BankLine) -> list[Offer]:
    """The proposals for one line, best first, ready to be shown; what was paid meanwhile is left out."""
    found = propose([line]).get(line.pk, []) if line.unmatched else []
    return named(found)


def best_offers(lines: Sequence[BankLine]) -> list[tuple[BankLine, Offer]]:
    """Lines that something is proposed for, each with the best. The same statements for one line and a hundred."""
    found = propose(lines, narrow=True) if lines else {}
    best = {line.pk: found[line.pk][0] for line in lines if found.get(line.pk)}
    shown = {id(offer.proposal): offer for offer in named(list(best.values()))}
    return [(line, shown[id(best[line.pk])]) for line in lines if line.pk in best and id(best[line.pk]) in shown]


def named(found: Sequence[Proposal]) -> list[Offer]:
    """Proposals with what they name, those of which something was paid meanwhile left out; at most two statements."""
    ids = {invoice_id for p in found for invoice_id, _amount in p.allocations}
    invoices: dict[int, Invoice | ProForma] = {x.pk: x for x in open_invoices(ids)} if ids else {}
    invoices |= {-x.pk: x for x in open_pro_formas().filter(pk__in=[-i for i in ids if i < 0])} if any(i < 0 for i in ids) else {}
    names = {x.customer_id: x.customer for x in invoices.values()}
    whole = [p for p in found if all(i in invoices for i, _amount in p.allocations) and p.customer_id in names]
    return [Offer(p, names[p.customer_id], [(invoices[i], amount) for i, amount in p.allocations]) for p in whole]
