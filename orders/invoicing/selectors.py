"""Reads of invoicing: orders asked for money ahead, orders whose week or month is over."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from orders.book.choices import SHIPPED_KINDS
from orders.book.models import Order, OrderLine
from orders.book.selectors import orders_named
from orders.holds.choices import HoldKind
from orders.holds.models import Hold
from payments.billing.models import ProForma


def asked_ahead(order_ids: Collection[int]) -> set[int]:
    """Of orders, those asked for money ahead: they have a pro forma, or wait for a prepayment."""
    waiting = Hold.objects.filter(order_id__in=order_ids, kind=HoldKind.PREPAYMENT, released_at__isnull=True)
    return {*ProForma.objects.filter(order_id__in=order_ids).values_list("order_id", flat=True), *waiting.values_list("order_id", flat=True)}


DUE = """
SELECT array_agg(DISTINCT o.id) FROM orders_order o
JOIN payments_billingterms t ON t.customer_id = o.customer_id AND t.timing = ANY(%(timings)s)
JOIN orders_orderline l ON l.order_id = o.id AND l.kind = ANY(%(kinds)s) AND l.quantity_shipped > l.quantity_invoiced
GROUP BY o.customer_id, o.payer_id, o.currency_id ORDER BY o.customer_id, o.payer_id, o.currency_id
"""


def timings_due(on: date) -> list[str]:
    """Which collective invoices are written on a day: weekly on Mondays, monthly on the first, for what lies before."""
    return [*(["weekly"] if on.weekday() == 0 else []), *(["monthly"] if on.day == 1 else [])]


def orders_due(timings: list[str], kinds: list[str]) -> list[list[int]]:
    """Orders of customers billed so, with goods shipped that no invoice took: those that go on one invoice together."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, {"timings": timings, "kinds": kinds})
        groups = [sorted(row[0]) for row in cursor.fetchall()]
    alone = asked_ahead({order for group in groups for order in group})
    found = []
    for group in groups:
        found += [[order] for order in group if order in alone]
        if together := [order for order in group if order not in alone]:
            found.append(together)
    return found


CLOSE = """
SELECT 'unbanked', currency_id, count(*), sum(amount), min(received_date) FROM payments_collectionreceipt
WHERE state IN ('hand', 'deposited') GROUP BY currency_id
UNION ALL SELECT 'unmatched', currency_id, count(*), sum(amount - matched), min(value_date) FROM payments_bankline
WHERE amount > matched GROUP BY currency_id
UNION ALL SELECT 'unbilled', o.currency_id, count(DISTINCT o.id),
       round(sum((l.quantity_shipped - l.quantity_invoiced) * l.net / nullif(l.quantity_ordered, 0)), 2), min(o.approved_at)::date
FROM orders_orderline l JOIN orders_order o ON o.id = l.order_id WHERE l.quantity_shipped > l.quantity_invoiced GROUP BY o.currency_id
UNION ALL SELECT 'unapplied', currency_id, count(*), sum(amount - applied - refunded - tagged), min(value_date) FROM payments_payment
WHERE amount > applied + refunded + tagged AND clearing NOT IN ('reversed', 'bounced') GROUP BY currency_id
UNION ALL SELECT 'credits', currency_id, count(*), sum(total - applied - refunded), min(credit_date) FROM payments_creditnote
WHERE total > applied + refunded AND NOT undone GROUP BY currency_id
ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Loose:
    """Money that is loose at the end of a day: `kind` unbanked, unmatched, unbilled (net), unapplied, credits."""

    kind: str
    currency: str
    count: int
    amount: Decimal
    since: date | None


def loose_ends() -> list[Loose]:
    """All that is loose now, by kind and currency; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(CLOSE)
        rows: list[Any] = cursor.fetchall()
    return [Loose(*row) for row in rows]


@dataclass
class OldOrder:
    """An order that invoices of another system may name, with what of its lines is left to invoice; `take` uses it up."""

    pk: int
    number: str
    customer_id: int
    lines: list[tuple[OrderLine, str]] = field(default_factory=list)
    left: dict[int, int] = field(default_factory=dict)

    def take(self, sku: str, description: str, quantity: int) -> int | None:
        """The line that an invoice's line is of: goods by SKU, charges by their text, 0 for a text that is no line of the order.

        None when goods of that SKU were not shipped so, or are invoiced.
        """
        for line, known in self.lines:
            fits = known == sku if sku else not known and line.description == description
            if fits and self.left[line.pk] >= quantity:
                self.left[line.pk] -= quantity
                return line.pk
        return None if sku else 0


def old_orders(numbers: Collection[str]) -> dict[str, OldOrder]:
    """{how a file calls an order: the order} of those that are here. Three statements."""
    ids = orders_named(numbers)
    orders = {o.pk: OldOrder(o.pk, o.number, o.customer_id) for o in Order.objects.filter(pk__in=ids.values())}
    for line in OrderLine.objects.filter(order__in=orders).select_related("product").order_by("order_id", "position"):
        found = orders[line.order_id]
        found.lines.append((line, line.product.sku if line.product else ""))
        done = line.quantity_shipped if line.kind in SHIPPED_KINDS else line.quantity_approved
        found.left[line.pk] = done - line.quantity_invoiced
    return {number: orders[order] for number, order in ids.items()}


LOOSE = """
SELECT 'unbanked', currency_id, count(*), sum(amount), min(received_date) FROM payments_collectionreceipt
WHERE state IN ('hand', 'deposited') AND received_date <= %(last)s GROUP BY currency_id
UNION ALL SELECT 'unmatched', currency_id, count(*), sum(amount - matched), min(value_date) FROM payments_bankline
WHERE amount > matched AND value_date <= %(last)s GROUP BY currency_id
UNION ALL SELECT 'quarantined', a.currency_id, count(*), sum(abs(s.difference)), min(s.statement_date) FROM payments_bankstatement s
JOIN payments_bankaccount a ON a.id = s.account_id
WHERE (s.difference <> 0 OR s.flaw <> '') AND s.statement_date <= %(last)s
  AND NOT EXISTS (SELECT 1 FROM payments_statementrelease r WHERE r.statement_id = s.id) GROUP BY a.currency_id
UNION ALL SELECT 'unbilled', o.currency_id, count(DISTINCT s.id), round(sum(sl.quantity * l.net / nullif(l.quantity_ordered, 0)), 2), min(s.shipped_at)::date
FROM orders_shipment s JOIN orders_shipmentline sl ON sl.shipment_id = s.id AND sl.posted JOIN orders_orderline l ON l.id = sl.line_id
JOIN orders_order o ON o.id = l.order_id
WHERE s.shipped_at < %(last)s::date + 1 AND s.status <> 'reversed' AND l.quantity_shipped > l.quantity_invoiced
  AND NOT EXISTS (SELECT 1 FROM payments_invoice i WHERE i.shipment_id = s.id AND NOT i.cancelled) GROUP BY o.currency_id
UNION ALL SELECT 'silent', a.currency_id, 1, 0, max(s.statement_date) FROM payments_bankaccount a
JOIN payments_bankstatement s ON s.account_id = a.id GROUP BY a.id HAVING max(s.statement_date) < %(last)s
ORDER BY 1, 2
"""


def loose_at(last: date) -> list[Loose]:
    """What is still loose of a month that ended on `last`: also statements in quarantine, and accounts whose statements end
    before it (`silent`, since when)."""
    with connection.cursor() as cursor:
        cursor.execute(LOOSE, {"last": last})
        rows: list[Any] = cursor.fetchall()
    return [Loose(*row) for row in rows]
