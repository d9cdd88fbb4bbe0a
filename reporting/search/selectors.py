"""One statement over everything that has a number or a name, within the row filter; exact hits before beginnings.

Each branch looks in indexes and stops after LIMIT rows. A number may be typed without its prefix and zeros ("25" finds
SO0000025, INV-25). Names are found by any fragment of at least three letters (trigrams).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection
from django.urls import reverse

from customers.territory.selectors import BY_TERRITORY, visible_posts
from oms.accounts.choices import Role
from oms.accounts.policies import may

LIMIT, SHORTEST, LONGEST = 8, 2, 60
ORDER_DIGITS = 7

# Rank 0: the very number; 1: its beginning; 2: a part of the name.
ORDERS = """
SELECT 'order' AS kind, CASE WHEN o.number LIKE %(prefix)s AND o.number <> ALL(%(exact)s) THEN 1 ELSE 0 END AS rank, o.number AS key,
       c.name AS title, o.customer_po AS detail, (o.submitted_at AT TIME ZONE 'UTC')::date AS day, o.total AS amount,
       o.currency_id AS currency, o.status AS state, o.id AS newest
FROM orders_order o JOIN customers_customer c ON c.id = o.customer_id
WHERE (o.number = ANY(%(exact)s) OR o.customer_po = ANY(%(exact)s) AND o.customer_po <> '' OR o.external_id = ANY(%(exact)s) AND o.external_id <> ''
       OR o.number LIKE %(prefix)s) AND o.status <> 'discarded' AND {orders}
ORDER BY rank, o.id DESC LIMIT %(limit)s
"""
SHIPMENTS = """
SELECT 'shipment', CASE WHEN s.number = ANY(%(exact)s) OR s.tracking_number = ANY(%(exact)s) THEN 0 ELSE 1 END AS rank, s.number,
       c.name, btrim(o.number || ' ' || s.tracking_number), s.planned_date, NULL::numeric, '', s.status, s.id
FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id JOIN customers_customer c ON c.id = o.customer_id
WHERE (s.number = ANY(%(exact)s) OR s.tracking_number = ANY(%(exact)s) AND s.tracking_number <> '' OR s.number LIKE %(prefix)s) AND {shipments}
ORDER BY rank, s.id DESC LIMIT %(limit)s
"""
INVOICES = """
SELECT 'invoice', CASE WHEN i.number = ANY(%(exact)s) OR i.serial = %(serial)s THEN 0 ELSE 1 END AS rank, i.number, c.name, i.order_number,
       i.invoice_date, i.total, i.currency_id, '', i.id
FROM payments_invoice i JOIN customers_customer c ON c.id = i.customer_id
WHERE (i.number = ANY(%(exact)s) OR i.series = 'invoice' AND i.serial = %(serial)s OR i.number LIKE %(prefix)s) AND {customers}
ORDER BY rank, i.id DESC LIMIT %(limit)s
"""
PAYMENTS = """
SELECT 'payment', CASE WHEN p.number = ANY(%(exact)s) THEN 0 ELSE 1 END AS rank, p.number, c.name, '', p.value_date, p.amount, p.currency_id, p.clearing, p.id
FROM payments_payment p JOIN customers_customer c ON c.id = p.customer_id
WHERE (p.number = ANY(%(exact)s) OR p.number LIKE %(prefix)s) AND {customers}
ORDER BY rank, p.id DESC LIMIT %(limit)s
"""
CUSTOMERS = """
SELECT 'customer', CASE WHEN c.code = ANY(%(exact)s) THEN 0 WHEN c.code LIKE %(prefix)s THEN 1 ELSE 2 END AS rank, c.code, c.name, po.name,
       NULL::date, NULL::numeric, '', c.status, -c.id
FROM customers_customer c JOIN customers_post po ON po.id = c.post_id
WHERE (c.code = ANY(%(exact)s) OR c.code LIKE %(prefix)s OR c.name ILIKE %(part)s) AND {customers}
ORDER BY rank, c.name, c.id LIMIT %(limit)s
"""
PRODUCTS = """
SELECT 'product', CASE WHEN p.sku = ANY(%(exact)s) OR p.gtin = ANY(%(exact)s) AND p.gtin <> '' THEN 0 WHEN p.sku LIKE %(prefix)s THEN 1 ELSE 2 END AS rank,
       p.sku, p.name, p.family, NULL::date, NULL::numeric, '', p.status, -p.id
FROM inventory_product p
WHERE (p.sku = ANY(%(exact)s) OR p.sku LIKE %(prefix)s OR p.name ILIKE %(part)s OR p.gtin = ANY(%(exact)s) AND p.gtin <> '')
ORDER BY rank, p.sku LIMIT %(limit)s
"""
CASES = """
SELECT 'case', CASE WHEN k.number = ANY(%(exact)s) THEN 0 ELSE 1 END AS rank, k.number, c.name, k.title, k.opened_at::date, k.amount, coalesce(k.currency_id, ''),
       k.status, k.id
FROM orders_case k JOIN customers_customer c ON c.id = k.customer_id
WHERE (k.number = ANY(%(exact)s) OR k.number LIKE %(prefix)s) AND k.status <> 'merged' AND {customers}
ORDER BY rank, k.id DESC LIMIT %(limit)s
"""
PAGES = {
    "case": "orders:case-detail",
    "order": "orders:order-detail", "shipment": "orders:shipment-detail", "invoice": "payments:invoice-detail",
    "payment": "payments:payment-detail", "customer": "customers:customer-detail", "product": "inventory:stock-card",
}  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """Something found: its kind, how well it fits (0 exactly), its number, and what helps to recognise it."""

    kind: str
    rank: int
    key: str
    title: str
    detail: str
    day: date | None
    amount: Decimal | None
    currency: str
    state: str

    @property
    def url(self) -> str:
        return reverse(PAGES[self.kind], args=[self.key])


def branches(user: Any) -> tuple[list[str], dict[str, Any]]:
    """The kinds whose pages this person has, each within the row filter, and the filter's parameters."""
    parameters: dict[str, Any] = {}
    if user.is_system or Role.FINANCE in user.roles:
        customers = "true"
    else:
        conditions = ["false"]
        if any(role in user.roles for role in BY_TERRITORY):
            conditions.append("c.post_id = ANY(%(posts)s)")
            parameters["posts"] = list(visible_posts(user))
        if Role.PARTNER in user.roles:
            conditions.append("c.id = (SELECT customer_id FROM customers_customeruser WHERE user_id = %(user)s)")
            parameters["user"] = user.pk
        customers = f"({' OR '.join(conditions)})"
    orders = shipments = customers
    if Role.WAREHOUSE in user.roles:
        parameters["user"] = user.pk
        here = "IN (SELECT location_id FROM inventory_locationstaff WHERE user_id = %(user)s)"
        orders = f"({customers} OR EXISTS (SELECT 1 FROM orders_shipment x WHERE x.order_id = o.id AND x.location_id {here}))"
        shipments = f"({customers} OR s.location_id {here})"
    wanted = [(ORDERS, True), (SHIPMENTS, True), (INVOICES, may(user, "payments.view_invoices")), (PAYMENTS, may(user, "payments.view_bank")),
              (CUSTOMERS, may(user, "customers.view")), (CASES, may(user, "service.see_cases")), (PRODUCTS, may(user, "stock.read_availability"))]  # fmt: skip
    return [sql.format(customers=customers, orders=orders, shipments=shipments) for sql, shown in wanted if shown], parameters


def spellings(words: str) -> list[str]:
    """As typed, in capitals, and a bare number as our orders and shipments write it."""
    found = [words, words.upper()]
    if words.isascii() and words.isdigit() and len(words) <= ORDER_DIGITS:
        found += [f"SO{words.zfill(ORDER_DIGITS)}", f"SH{words.zfill(ORDER_DIGITS)}", f"CS{words.zfill(ORDER_DIGITS)}"]
    return list(dict.fromkeys(found))


def search(user: Any, words: str) -> list[Hit]:
    """The best hits of every kind for what was typed, exact ones first, at most LIMIT a kind. One statement, two with the row filter."""
    words = " ".join(words.replace("\x00", "").split())[:LONGEST]
    if len(words) < SHORTEST:
        return []
    parts, parameters = branches(user)
    escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    parameters |= {
        "exact": spellings(words), "prefix": f"{escaped.upper()}%", "part": f"%{escaped}%" if len(words) > 2 else f"{escaped}%",
        "serial": int(words) if words.isascii() and words.isdigit() and len(words) < 18 else -1, "limit": LIMIT,
    }  # fmt: skip
    sql = "SELECT kind, rank, key, title, detail, day, amount, currency, state FROM (" + " UNION ALL ".join(f"({part})" for part in parts)
    sql += ") found ORDER BY rank, array_position(ARRAY['order', 'customer', 'product', 'shipment', 'invoice', 'payment', 'case'], kind), newest DESC"
    with connection.cursor() as cursor:
        cursor.execute(sql, {name: value for name, value in parameters.items() if f"%({name})s" in sql})
        return [Hit(*row) for row in cursor.fetchall()]
