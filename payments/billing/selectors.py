"""Reads of invoices and receivables."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import F, QuerySet

from customers.parties.models import Customer
from customers.territory.selectors import customer_filter
from payments.billing.models import Invoice, ReceivableEntry

OPEN = F("total") - F("applied") - F("credited")


def invoice_of_shipment(shipment_id: int) -> int | None:
    """The invoice of a shipment, if it was invoiced."""
    return Invoice.objects.filter(shipment_id=shipment_id).values_list("pk", flat=True).first()


def unsettled_orders(order_ids: Collection[int]) -> set[int]:
    """Those of the orders that have an invoice with an open amount."""
    rows = Invoice.objects.filter(order_id__in=order_ids, total__gt=F("applied") + F("credited"))
    return set(rows.values_list("order_id", flat=True))


def visible_invoices(user: Any) -> QuerySet[Invoice]:
    """Invoices of customers `user` may see, with `left` open: the row filter of every invoice page and export."""
    return Invoice.objects.filter(customer_filter(user, "customer")).select_related("customer").annotate(left=OPEN)


def open_invoices(ids: Collection[int] | None = None) -> QuerySet[Invoice]:
    """Invoices with an open amount, the oldest due first; of these ids only when given."""
    rows = Invoice.objects.filter(total__gt=F("applied") + F("credited"))
    if ids is not None:
        rows = rows.filter(pk__in=ids)
    return rows.select_related("customer").annotate(left=OPEN).order_by("due_date", "pk")


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


AGEING = """
WITH candidates AS (
    SELECT id FROM payments_invoice WHERE total > applied + credited
    UNION SELECT invoice_id FROM payments_application WHERE %(past)s AND value_date > %(on)s
), items AS (
    SELECT i.customer_id, i.account_id, i.currency_id, i.due_date, %(on)s - i.due_date AS days,
           i.total - i.credited - coalesce((SELECT sum(a.amount) FROM payments_application a
                                            WHERE a.invoice_id = i.id AND a.value_date <= %(on)s), 0) AS rest
    FROM payments_invoice i JOIN candidates USING (id)
    WHERE i.invoice_date <= %(on)s AND (%(all)s OR i.customer_id = ANY(%(customers)s))
), money AS (
    SELECT p.customer_id, p.account_id, p.currency_id,
           -coalesce((SELECT sum(e.amount) FROM payments_receivableentry e
                      WHERE e.kind IN ('payment', 'reversal') AND e.document_id = p.id AND e.posted_date <= %(on)s), 0)
           - coalesce((SELECT sum(a.amount) FROM payments_application a
                       WHERE a.payment_id = p.id AND a.value_date <= %(on)s), 0) AS rest
    FROM payments_payment p
    WHERE (p.applied < p.amount AND p.clearing <> 'reversed' OR %(past)s)
      AND (%(all)s OR p.customer_id = ANY(%(customers)s))
), both_sides AS (
    SELECT customer_id, account_id, currency_id, due_date, days, rest, 0::numeric AS unapplied FROM items WHERE rest <> 0
    UNION ALL SELECT customer_id, account_id, currency_id, NULL, NULL, 0, rest FROM money WHERE rest <> 0
)
SELECT b.customer_id, c.code, c.name, b.currency_id, b.account_id,
       coalesce(sum(b.rest) FILTER (WHERE days <= 0), 0), coalesce(sum(b.rest) FILTER (WHERE days BETWEEN 1 AND 30), 0),
       coalesce(sum(b.rest) FILTER (WHERE days BETWEEN 31 AND 60), 0),
       coalesce(sum(b.rest) FILTER (WHERE days BETWEEN 61 AND 90), 0), coalesce(sum(b.rest) FILTER (WHERE days > 90), 0),
       sum(b.unapplied), min(b.due_date)
FROM both_sides b JOIN customers_customer c ON c.id = b.customer_id
GROUP BY b.customer_id, c.code, c.name, b.currency_id, b.account_id
ORDER BY c.name, b.account_id
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
        cursor.execute(AGEING, {"on": on, "past": on < today, "all": everybody, "customers": ids})
        return [Aged(*row) for row in cursor.fetchall()]
