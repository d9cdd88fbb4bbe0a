"""Reads of invoices and receivables."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db import connection
from django.db.models import DateField, F, Func, Q, QuerySet, Sum

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from oms.company.models import TaxRule
from payments.billing.domain import AGES, CreditPart, LinePart, Reminder, age_bucket, next_level
from payments.billing.models import (
    CreditNote,
    CreditNoteLine,
    Dispute,
    DunningNotice,
    Invoice,
    InvoiceLine,
    InvoiceOrder,
    ProForma,
    ReceivableEntry,
)

OPEN = F("total") - F("applied") - F("credited")
NEXT_DUE = Func(F("total"), OPEN, F("due_date"), F("instalments"), F("instalment"), function="next_due", output_field=DateField())
# `rest` of b by `days` overdue, in the buckets of `age_bucket`.
AGED = ", ".join(
    f"coalesce(sum(b.rest) FILTER (WHERE {days}), 0)"
    for days in ("days <= 0", *(f"days BETWEEN {first + 1} AND {last}" for first, last in pairwise(AGES)), f"days > {AGES[-1]}")
)


def invoice_of_shipment(shipment_id: int) -> int | None:
    """The invoice of a shipment, if it was invoiced and that was not cancelled."""
    return Invoice.objects.filter(shipment_id=shipment_id, cancelled=False).values_list("pk", flat=True).first()


def of_orders(order_ids: Collection[int]) -> Q:
    """Invoices of these orders: theirs alone, or of several."""
    return Q(order_id__in=order_ids) | Q(pk__in=InvoiceOrder.objects.filter(order_id__in=order_ids).values("invoice_id"))


def orders_of(invoices: Iterable[Invoice]) -> list[int]:
    """The orders that invoices are of, in order; a statement when one of them may be of several."""
    rows = list(invoices)
    several = [x.pk for x in rows if not x.order_id and x.kind == Invoice.Kind.GOODS]
    found = {x.order_id for x in rows if x.order_id}
    if several:
        found |= set(InvoiceOrder.objects.filter(invoice_id__in=several).values_list("order_id", flat=True))
    return sorted(found)


def unsettled_orders(order_ids: Collection[int]) -> set[int]:
    """Those of the orders that have an invoice with an open amount."""
    unsettled = Q(total__gt=F("applied") + F("credited"))
    own = Invoice.objects.filter(unsettled, order_id__in=order_ids).values_list("order_id", flat=True)
    shared = InvoiceOrder.objects.filter(order_id__in=order_ids, invoice__in=Invoice.objects.filter(unsettled)).values_list("order_id", flat=True)
    return set(own.union(shared))


def visible_invoices(user: Any) -> QuerySet[Invoice]:
    """Invoices of customers `user` may see, with `left` open: the row filter of every invoice page and export."""
    return Invoice.objects.filter(customer_filter(user, "customer")).select_related("customer").annotate(left=OPEN)


def open_invoices(ids: Collection[int] | None = None) -> QuerySet[Invoice]:
    """Invoices with an open amount, the oldest due first; of these ids only when given."""
    rows = Invoice.objects.filter(total__gt=F("applied") + F("credited"))
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.select_related("customer").annotate(left=OPEN).order_by("due_date", "pk")


def visible_pro_formas(user: Any) -> QuerySet[ProForma]:
    """Pro formas of customers `user` may see: the row filter of their pages."""
    return ProForma.objects.filter(customer_filter(user, "customer")).select_related("customer")


def open_pro_formas() -> QuerySet[ProForma]:
    """Pro formas that orders wait for, the oldest first."""
    return ProForma.objects.filter(withdrawn=False, paid__lt=F("due")).select_related("customer").order_by("issued_date", "pk")


def pro_forma_of(order_id: int) -> ProForma | None:
    """The pro forma of an order that stands."""
    return ProForma.objects.filter(order_id=order_id, withdrawn=False).first()


def balance(account_id: int, on: date) -> Decimal:
    """What an account owed at the end of a day: the sum of its entries posted up to then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(sum(amount), 0) FROM payments_receivableentry WHERE account_id = %s AND posted_date <= %s",
            [account_id, on],
        )
        return cursor.fetchone()[0]


def receivable_entries(account_id: int, limit: int) -> list[ReceivableEntry]:
    """The last postings of an account, newest first."""
    rows = ReceivableEntry.objects.filter(account_id=account_id).select_related("customer")
    return list(rows.order_by("-posted_date", "-pk")[:limit])


AGES_OF = f"""
SELECT {AGED} FROM (
    SELECT %(on)s - p.due_date AS days, p.open AS rest FROM payments_invoice i
    CROSS JOIN LATERAL open_parts(i.total, i.total - i.applied - i.credited, i.due_date, i.instalments, i.instalment) p
    WHERE i.account_id = %(account)s AND i.total > i.applied + i.credited
) b
"""


def ageing_of(account_id: int, on: date) -> list[Decimal]:
    """What is open of one account by `age_bucket`: not due, 1–30, 31–60, 61–90 and more days overdue; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(AGES_OF, {"account": account_id, "on": on})
        return list(cursor.fetchone())


APPLIED = """
SELECT p.number, a.value_date, a.amount, c.name FROM payments_application a
JOIN payments_payment p ON p.id = a.payment_id JOIN customers_customer c ON c.id = p.customer_id
WHERE a.invoice_id = %s ORDER BY a.id LIMIT 500
"""


def applied_to(invoice_id: int) -> list[tuple[str, date, Decimal, str]]:
    """What was applied to an invoice and undone: payment number, value date, amount, payer; in order."""
    with connection.cursor() as cursor:
        cursor.execute(APPLIED, [invoice_id])
        return cursor.fetchall()


UNAPPLIED = """
SELECT e.document_number, e.posted_date, c.rest FROM (
    SELECT reference_id, sum(amount) AS rest FROM payments_creditentry
    WHERE account_id = %(account)s AND bucket = 'unapplied' AND reference_kind = 'payment'
    GROUP BY reference_id HAVING sum(amount) <> 0
) c JOIN payments_receivableentry e ON e.kind = 'payment' AND e.document_id = c.reference_id
ORDER BY e.posted_date, e.id LIMIT %(limit)s
"""


def unapplied_money(account_id: int, limit: int) -> list[tuple[str, date, Decimal]]:
    """Money on account now: payment number, its day, what is left of it; the oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(UNAPPLIED, {"account": account_id, "limit": limit})
        return cursor.fetchall()


def invoice_parts(invoice_id: int) -> list[LinePart]:
    """The lines of an invoice as a credit note reads them."""
    rows = InvoiceLine.objects.filter(invoice_id=invoice_id).order_by("pk")
    names = ("pk", "quantity", "unit_price", "price_unit", "discount", "net", "tax_category", "tax_rate")
    return [LinePart(*row) for row in rows.values_list(*names)]


def invoiced_quantities(invoice_id: int) -> dict[int, int]:
    """{order line: quantity} of an invoice."""
    rows = InvoiceLine.objects.filter(invoice_id=invoice_id).values_list("order_line_id").annotate(quantity=Sum("quantity"))
    return dict(rows)


def credited_parts(invoice_id: int) -> list[CreditPart]:
    """What earlier credit notes of an invoice took."""
    rows = CreditNoteLine.objects.filter(credit_note__invoice_id=invoice_id, credit_note__undone=False).order_by("pk")
    return [CreditPart(*row) for row in rows.values_list("invoice_line_id", "quantity", "category", "rate", "net", "tax")]


def visible_credit_notes(user: Any) -> QuerySet[CreditNote]:
    """Credit notes of customers `user` may see: the row filter of their pages."""
    return CreditNote.objects.filter(customer_filter(user, "customer")).select_related("customer", "invoice")


def credit_notes_of(invoice_id: int) -> list[CreditNote]:
    """The credit notes issued for an invoice, in order."""
    return list(CreditNote.objects.filter(invoice_id=invoice_id).order_by("pk"))


def open_credits(account_id: int) -> list[CreditNote]:
    """Credit notes of an account with something left, the oldest first."""
    rows = CreditNote.objects.filter(account_id=account_id, total__gt=F("applied") + F("refunded"), undone=False)
    return list(rows.order_by("credit_date", "pk"))


def open_dispute(invoice_id: int) -> Dispute | None:
    """The dispute of an invoice that is not settled."""
    return Dispute.objects.filter(invoice_id=invoice_id, closed_at=None).first()


@dataclass(frozen=True)
class Item:
    """An invoice or an instalment of one (`rest` is what was open), money on account or a credit note (`rest` negative) at the end of a day."""

    kind: str
    number: str
    day: date
    due_date: date | None
    reference: str
    total: Decimal
    rest: Decimal
    part: int = 0
    parts: int = 0

    @property
    def name(self) -> str:
        """Its number, of an instalment with which of how many."""
        return f"{self.number} {self.part}/{self.parts}" if self.part else self.number


ITEMS = """
SELECT * FROM (
    SELECT 'invoice', i.number, i.invoice_date, p.due_date, coalesce(nullif(i.customer_po, ''), i.order_number), p.amount, p.open,
           CASE WHEN i.instalments > 1 THEN p.number ELSE 0 END, i.instalments
    FROM payments_invoice i CROSS JOIN LATERAL (
        SELECT i.total - (SELECT coalesce(sum(c.amount), 0) FROM payments_creditapplication c
                         WHERE c.invoice_id = i.id AND c.value_date <= %(on)s) - coalesce((SELECT sum(a.amount) FROM payments_application a
                                            WHERE a.invoice_id = i.id AND a.value_date <= %(on)s), 0) AS rest OFFSET 0  -- once, however often the parts name it
        ) of_day CROSS JOIN LATERAL open_parts(i.total, of_day.rest, i.due_date, i.instalments, i.instalment) p
    WHERE i.account_id = %(account)s AND i.invoice_date <= %(on)s
    UNION ALL
    SELECT 'payment', p.number, p.value_date, NULL, '', -p.amount,
           coalesce((SELECT sum(e.amount) FROM payments_receivableentry e
                     WHERE e.kind IN ('payment', 'reversal') AND e.document_id = p.id AND e.posted_date <= %(on)s), 0)
           + coalesce((SELECT sum(a.amount) FROM payments_application a
                       WHERE a.payment_id = p.id AND a.value_date <= %(on)s), 0)
           + coalesce((SELECT sum(r.amount) FROM payments_refund r WHERE r.payment_id = p.id AND r.refund_date <= %(on)s), 0), 0, 0
    FROM payments_payment p WHERE p.account_id = %(account)s AND p.value_date <= %(on)s
    UNION ALL
    SELECT 'credit', n.number, n.credit_date, NULL, '', -n.total,
           -(-coalesce((SELECT sum(e.amount) FROM payments_receivableentry e
                      WHERE e.kind IN ('credit', 'discount', 'write_off', 'undone') AND e.document_id = n.id AND e.posted_date <= %(on)s), 0)
           - coalesce((SELECT sum(c.amount) FROM payments_creditapplication c
                       WHERE c.credit_note_id = n.id AND c.value_date <= %(on)s), 0)
           - coalesce((SELECT sum(r.amount) FROM payments_refund r WHERE r.credit_note_id = n.id AND r.refund_date <= %(on)s), 0)), 0, 0
    FROM payments_creditnote n WHERE n.account_id = %(account)s AND n.credit_date <= %(on)s
) items(kind, number, day, due_date, reference, total, rest, part, parts)
WHERE rest <> 0 ORDER BY kind, coalesce(due_date, day), number
"""


def items_on(account_id: int, on: date) -> list[Item]:
    """What was open on an account at the end of a day, from ledgers alone: Σ rest = `balance(account_id, on)`."""
    with connection.cursor() as cursor:
        cursor.execute(ITEMS, {"account": account_id, "on": on})
        return [Item(*row) for row in cursor.fetchall()]


@dataclass(frozen=True)
class Posting:
    """One line of a statement of account: what was posted and what the account then owed."""

    day: date
    kind: str
    word: str
    number: str
    amount: Decimal
    balance: Decimal


@dataclass(frozen=True)
class AccountStatement:
    """An account from `since` to the end of `on`: opening + Σ postings = closing = Σ items."""

    since: date
    on: date
    opening: Decimal
    postings: list[Posting]
    items: list[Item]
    ages: list[Decimal]

    @property
    def closing(self) -> Decimal:
        return self.postings[-1].balance if self.postings else self.opening

    @property
    def overdue(self) -> Decimal:
        return sum(self.ages[1:], Decimal(0))


def account_statement(account_id: int, since: date, on: date) -> AccountStatement:
    """The statement of an account as of the end of any day; three statements."""
    running = opening = balance(account_id, since - timedelta(days=1))
    rows = ReceivableEntry.objects.filter(account_id=account_id, posted_date__gte=since, posted_date__lte=on)
    postings = []
    for entry in rows.order_by("posted_date", "pk"):
        running += entry.amount
        word = entry.get_kind_display()
        postings.append(Posting(entry.posted_date, entry.kind, word, entry.document_number, entry.amount, running))
    items = items_on(account_id, on)
    ages = [Decimal(0)] * (len(AGES) + 1)
    for item in items:
        if item.due_date is not None:
            ages[age_bucket(item.due_date, on)] += item.rest
    return AccountStatement(since, on, opening, postings, items, ages)


def tax_notes(invoice: Invoice) -> list[str]:
    """What the law wants printed for the invoice's tax groups (reverse charge, export), each once."""
    groups = {(tax.category, tax.rate) for tax in invoice.taxes.all()}
    day = invoice.invoice_date
    rules = TaxRule.objects.filter(category__in={c for c, _rate in groups}, valid_from__lte=day).exclude(note="")
    rows = rules.filter(Q(valid_to=None) | Q(valid_to__gte=day)).order_by("note").values_list("category", "rate", "note")
    return list(dict.fromkeys(note for category, rate, note in rows if (category, rate) in groups))


@dataclass(frozen=True)
class Aged:
    """What one customer owes in one currency at the end of a day, by days overdue; `unapplied` is its money not applied."""

    customer_id: int
    code: str
    name: str
    currency: str
    account_id: int
    not_due: Decimal
    to_30: Decimal
    to_60: Decimal
    to_90: Decimal
    older: Decimal
    unapplied: Decimal
    oldest: date | None = field(default=None)

    @property
    def open(self) -> Decimal:
        return self.not_due + self.to_30 + self.to_60 + self.to_90 + self.older

    @property
    def balance(self) -> Decimal:
        return self.open - self.unapplied

    @property
    def overdue(self) -> Decimal:
        return self.open - self.not_due


AGEING = f"""
WITH candidates AS (
    SELECT * FROM payments_invoice WHERE total > applied + credited
    UNION ALL SELECT * FROM payments_invoice WHERE %(past)s AND NOT total > applied + credited AND id IN (
        SELECT invoice_id FROM payments_application WHERE value_date > %(on)s
        UNION SELECT invoice_id FROM payments_creditapplication WHERE value_date > %(on)s)
), items AS (
    SELECT i.customer_id, i.account_id, i.currency_id, p.due_date, %(on)s - p.due_date AS days, p.open AS rest
    FROM candidates i CROSS JOIN LATERAL (
        SELECT i.total - CASE WHEN %(past)s THEN (SELECT coalesce(sum(c.amount), 0) FROM payments_creditapplication c
                         WHERE c.invoice_id = i.id AND c.value_date <= %(on)s) + (SELECT coalesce(sum(a.amount), 0) FROM payments_application a
                                            WHERE a.invoice_id = i.id AND a.value_date <= %(on)s) ELSE i.applied + i.credited END
               AS rest OFFSET 0  -- once, however often the parts name it
        ) of_day CROSS JOIN LATERAL open_parts(i.total, of_day.rest, i.due_date, i.instalments, i.instalment) p
    WHERE i.invoice_date <= %(on)s AND (%(all)s OR i.customer_id = ANY(%(customers)s))
), money AS (
    SELECT p.customer_id, p.account_id, p.currency_id,
           -coalesce((SELECT sum(e.amount) FROM payments_receivableentry e
                      WHERE e.kind IN ('payment', 'reversal') AND e.document_id = p.id AND e.posted_date <= %(on)s), 0)
           - coalesce((SELECT sum(a.amount) FROM payments_application a
                       WHERE a.payment_id = p.id AND a.value_date <= %(on)s), 0)
           - coalesce((SELECT sum(r.amount) FROM payments_refund r WHERE r.payment_id = p.id AND r.refund_date <= %(on)s), 0) AS rest
    FROM payments_payment p
    WHERE (p.applied < p.amount AND p.clearing NOT IN ('reversed', 'bounced') OR %(past)s)
      AND (%(all)s OR p.customer_id = ANY(%(customers)s))
    UNION ALL
    SELECT n.customer_id, n.account_id, n.currency_id,
           -coalesce((SELECT sum(e.amount) FROM payments_receivableentry e
                      WHERE e.kind IN ('credit', 'discount', 'write_off', 'undone') AND e.document_id = n.id AND e.posted_date <= %(on)s), 0)
           - coalesce((SELECT sum(c.amount) FROM payments_creditapplication c
                       WHERE c.credit_note_id = n.id AND c.value_date <= %(on)s), 0)
           - coalesce((SELECT sum(r.amount) FROM payments_refund r WHERE r.credit_note_id = n.id AND r.refund_date <= %(on)s), 0)
    FROM payments_creditnote n
    WHERE (n.applied + n.refunded < n.total OR %(past)s) AND n.credit_date <= %(on)s
      AND (%(all)s OR n.customer_id = ANY(%(customers)s))
), both_sides AS (
    SELECT customer_id, account_id, currency_id, due_date, days, rest, 0::numeric AS unapplied FROM items WHERE rest <> 0
    UNION ALL SELECT customer_id, account_id, currency_id, NULL, NULL, 0, rest FROM money WHERE rest <> 0
)
SELECT b.customer_id, c.code, c.name, b.currency_id, b.account_id,
       {AGED}, sum(b.unapplied), min(b.due_date)
FROM both_sides b JOIN customers_customer c ON c.id = b.customer_id
GROUP BY b.customer_id, c.code, c.name, b.currency_id, b.account_id
ORDER BY c.name, b.account_id
"""


# Whether money counts from a later day on: then what stands on the invoices is not what was open on this one.
LATER = """
SELECT EXISTS (SELECT FROM payments_application WHERE value_date > %(on)s) OR EXISTS (SELECT FROM payments_creditapplication WHERE value_date > %(on)s)
"""


def ageing(user: Any, on: date, today: date) -> list[Aged]:
    """What the customers `user` may see owed at the end of `on`, by age; for any past day, from ledgers alone.

    An application counts from its value date, a reversal from the day it was posted, so that per account
    Σ balance = `balance(account, on)` on every day.
    """
    condition = customer_filter(user)
    everybody = not condition
    ids = [] if everybody else list(Customer.objects.filter(condition).values_list("pk", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(LATER, {"on": on})
        past = on < today or cursor.fetchone()[0]
        cursor.execute(AGEING, {"on": on, "past": past, "all": everybody, "customers": ids})
        return [Aged(*row) for row in cursor.fetchall()]


OVERDUE = """
SELECT i.id, i.account_id, a.payer_id, p.open, p.oldest, %(on)s - p.oldest, coalesce(d.level, 0), %(on)s - d.last
FROM payments_invoice i JOIN payments_creditaccount a ON a.id = i.account_id
CROSS JOIN LATERAL (SELECT sum(x.open) AS open, min(x.due_date) AS oldest
                    FROM open_parts(i.total, i.total - i.applied - i.credited, i.due_date, i.instalments, i.instalment) x WHERE x.due_date < %(on)s) p
LEFT JOIN LATERAL (SELECT max(x.level) AS level, max(n.notice_date) AS last FROM payments_dunningnoticeitem x
                   JOIN payments_dunningnotice n ON n.id = x.notice_id WHERE x.invoice_id = i.id AND n.notice_date > p.oldest) d ON true
WHERE i.total > i.applied + i.credited AND i.due_date < %(on)s AND p.open > 0 AND (%(all)s OR i.account_id = ANY(%(ids)s))
  AND NOT EXISTS (SELECT 1 FROM payments_dispute p WHERE p.invoice_id = i.id AND p.closed_at IS NULL)
ORDER BY i.account_id, p.oldest, i.id
"""


def reminders_due(on: date, account_ids: Collection[int] | None = None) -> list[Reminder]:
    """What is to be reminded on a day, of these accounts or of all; disputed invoices are not; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(OVERDUE, {"on": on, "all": account_ids is None, "ids": list(account_ids or ())})
        rows = cursor.fetchall()
    found = []
    for invoice, account, payer, rest, oldest, overdue, level, since in rows:
        if now := next_level(overdue, level, since):
            found.append(Reminder(invoice, account, payer, rest, oldest, now))
    return found


def notices(user: Any) -> QuerySet[DunningNotice]:
    """Reminders to accounts `user` may see, newest first."""
    rows = DunningNotice.objects.filter(customer_filter(user, "account__payer"))
    return rows.select_related("account__payer").order_by("-notice_date", "-pk")
