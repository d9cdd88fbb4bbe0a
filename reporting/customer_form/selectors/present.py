"""Reads for the customer form: who they are in one statement, what is open, how they ordered by month."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from reporting.customer_form.domain import BEFORE_DAYS, RECENT_DAYS, Fall, fall
from reporting.facts.selectors import Scope
from reporting.facts.selectors.scope import VISIBLE

MONTHS, SHOWN = 13, 12

# Everything that belongs to the customer itself; lists come as JSON so that it stays one statement.
IDENTITY = f"""
WITH RECURSIVE me AS (
    SELECT c.*, t.id AS territory_id, p.name AS post_name,
           (now() AT TIME ZONE coalesce((SELECT timezone FROM oms_company WHERE id = 1), 'UTC'))::date AS today
    FROM customers_customer c JOIN customers_post p ON p.id = c.post_id JOIN customers_territory t ON t.id = p.territory_id
    WHERE c.code = %(code)s AND {VISIBLE}
), above AS (
    SELECT t.id, t.name, t.parent_id, 0 AS height FROM customers_territory t JOIN me ON me.territory_id = t.id
    UNION ALL SELECT t.id, t.name, t.parent_id, height + 1 FROM customers_territory t JOIN above ON t.id = above.parent_id
)
SELECT me.id, me.today,
  (SELECT json_agg(name ORDER BY height DESC) FROM above),
  (SELECT json_agg(json_build_object('post', p.name, 'since', lower(h.during), 'until', upper(h.during),
      'holder', (SELECT coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username) FROM customers_postholding ph
                 JOIN oms_user u ON u.id = ph.user_id WHERE ph.post_id = h.post_id
                 AND ph.during @> least(coalesce(upper(h.during) - 1, me.today), me.today)))
      ORDER BY h.during DESC) FROM customers_customerpost h JOIN customers_post p ON p.id = h.post_id WHERE h.customer_id = me.id),
  (SELECT json_agg(json_build_object('name', name, 'title', title, 'email', email, 'phone', phone) ORDER BY name)
      FROM customers_contact WHERE customer_id = me.id),
  (SELECT json_agg(json_build_object('name', a.name, 'street', a.street, 'city', btrim(a.postal_code || ' ' || a.city),
      'country', a.country, 'default', a.is_default, 'zone', a.transit_zone, 'receives', cal.name) ORDER BY a.is_default DESC, a.code)
      FROM customers_address a LEFT JOIN oms_calendar cal ON cal.id = a.receiving_calendar_id
      WHERE a.customer_id = me.id AND a.retired_at IS NULL),
  (SELECT json_agg(json_build_object('name', l.name, 'since', l.valid_from, 'until', l.valid_to, 'prices',
      (SELECT count(*) FROM orders_price x WHERE x.price_list_id = l.id)) ORDER BY l.scope, l.valid_from DESC)
      FROM orders_pricelist l WHERE l.currency_id = me.currency_id AND l.valid_from <= me.today AND (l.valid_to IS NULL OR l.valid_to >= me.today)
      AND (l.customer_id = me.id OR l.scope = 1 AND l."group" = me."group" OR l.scope = 2 AND l.customer_class = me.customer_class OR l.scope = 3)),
  (SELECT json_build_object('payer', payer.name, 'payer_code', payer.code, 'currency', a.currency_id, 'limit', a.limit::text, 'used',
      (a.reserved + a.receivable - a.unapplied - a.credits)::text, 'receivable', a.receivable::text,
      'overdue', due.amount::text, 'oldest', due.oldest, 'blocked', a.blocked, 'expires', a.limit_expires)
      FROM payments_accountmember m JOIN payments_creditaccount a ON a.id = m.account_id
      JOIN customers_customer payer ON payer.id = a.payer_id
      CROSS JOIN LATERAL (SELECT coalesce(sum(p.open), 0) AS amount, min(p.due_date) AS oldest FROM payments_invoice i
          CROSS JOIN LATERAL open_parts(i.total, i.total - i.applied - i.credited, i.due_date, i.instalments, i.instalment) p
          WHERE i.account_id = a.id AND i.total > i.applied + i.credited AND i.due_date < me.today AND p.due_date < me.today) due
      WHERE m.customer_id = me.id)
FROM me
"""


@dataclass(frozen=True)
class Identity:
    """Who the customer is; lists of plain mappings as the page shows them, days as dates, money as Decimal."""

    id: int
    today: date
    path: list[str]
    owners: list[dict[str, Any]]
    contacts: list[dict[str, Any]]
    addresses: list[dict[str, Any]]
    price_lists: list[dict[str, Any]]
    account: dict[str, Any] | None

    @property
    def owner_since(self) -> date | None:
        """Since when the present owner has it, when there was one before."""
        return self.owners[0]["since"] if len(self.owners) > 1 else None


def _plain(value: Any, days: Iterable[str] = (), money: Iterable[str] = ()) -> Any:
    found = json.loads(value) if isinstance(value, str) else value
    for row in found if isinstance(found, list) else [found] if found else []:
        for name in days:
            row[name] = date.fromisoformat(row[name]) if row[name] else None
        for name in money:
            row[name] = Decimal(row[name])
    return found


def identity(seen: Scope, code: str) -> Identity | None:
    """The customer within the row filter, or None. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(IDENTITY, {**seen.parameters, "code": code})
        row = cursor.fetchone()
    if row is None:
        return None
    pk, today, path, owners, contacts, addresses, lists, account = row
    return Identity(
        pk, today, _plain(path) or [], _plain(owners, ("since", "until")) or [], _plain(contacts) or [], _plain(addresses) or [],
        _plain(lists, ("since", "until")) or [], _plain(account, ("oldest", "expires"), ("limit", "used", "overdue", "receivable")),
    )  # fmt: skip


@dataclass(frozen=True)
class OpenOrder:
    """An order that is not done: what is left of it, what holds it, the first promise it breaks or will break."""

    number: str
    customer_po: str
    status: str
    submitted_at: datetime
    requested_date: date
    left: Decimal
    holds: list[str]
    late: int
    arrives: date | None


OPEN_ORDERS = """
SELECT o.number, o.customer_po, o.status, o.submitted_at, o.requested_date, x.rest,
       coalesce((SELECT array_agg(h.kind ORDER BY h.kind) FROM orders_hold h WHERE h.order_id = o.id AND h.released_at IS NULL), '{}'),
       x.late, plan.arrives, count(*) OVER (), sum(x.rest) OVER (), sum(x.late) OVER ()
FROM orders_order o
JOIN LATERAL (
    SELECT sum(round((l.quantity_ordered - l.quantity_cancelled - l.quantity_invoiced) * l.unit_price * (1 - l.discount) / l.price_unit, 2)) AS rest,
           count(*) FILTER (WHERE first.delivery_date < %(today)s AND l.quantity_delivered < l.quantity_approved) AS late
    FROM orders_orderline l LEFT JOIN orders_promise first ON first.line_id = l.id AND first.kind = 'first'
    WHERE l.order_id = o.id
) x ON true
LEFT JOIN LATERAL (
    SELECT max(s.delivery_date) AS arrives FROM orders_scheduleline s JOIN orders_liveplan live
    ON live.order_id = s.order_id AND live.version = s.version WHERE s.order_id = o.id
) plan ON true
WHERE o.customer_id = %(customer)s AND o.status IN ('submitted', 'approved')
ORDER BY x.late DESC, o.requested_date, o.id LIMIT %(limit)s
"""


@dataclass(frozen=True)
class OpenOrders:
    """The first SHOWN of `count`; `left` is what is not invoiced of all of them, `late` their lines past the first promise."""

    rows: list[OpenOrder]
    count: int
    left: Decimal
    late: int


def open_orders(customer_id: int, today: date) -> OpenOrders:
    """Orders that are not done, those that broke a promise first. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_ORDERS, {"customer": customer_id, "today": today, "limit": SHOWN})
        rows = cursor.fetchall()
    if not rows:
        return OpenOrders([], 0, Decimal(0), 0)
    return OpenOrders([OpenOrder(*row[:9]) for row in rows], rows[0][9], rows[0][10], int(rows[0][11]))


@dataclass(frozen=True)
class Rhythm:
    """How the customer orders: net by month (the last 13), `net` sales of twelve months, what is on time, the last day, and the drop if there is one."""

    months: list[tuple[date, Decimal]]
    ordered: Decimal
    delivered: Decimal
    net: Decimal
    lines_due: int
    lines_on_time: int
    last_day: date | None
    fall: Fall | None

    @property
    def on_time(self) -> Decimal | None:
        return Decimal(self.lines_on_time) / self.lines_due if self.lines_due else None


RHYTHM = """
SELECT date_trunc('month', day)::date, sum(ordered), sum(delivered), sum(delivered - returned - credited), coalesce(sum(lines_due) FILTER (WHERE day < %(today)s), 0),
       coalesce(sum(lines_on_time) FILTER (WHERE day < %(today)s), 0),
       coalesce(sum(ordered) FILTER (WHERE day > %(recent)s AND day <= %(today)s), 0),
       coalesce(sum(ordered) FILTER (WHERE day <= %(recent)s AND day > %(before)s), 0),
       min(day) FILTER (WHERE ordered > 0), max(day) FILTER (WHERE ordered > 0)
FROM reporting_figure WHERE customer_id = %(customer)s AND currency_id = %(currency)s AND day > %(before)s
GROUP BY 1 ORDER BY 1
"""


def rhythm(customer_id: int, currency: str, today: date, owner_since: date | None) -> Rhythm:
    """Orders and deliveries of the last fifteen months from the figures; sums of the last twelve. One statement."""
    recent = today - timedelta(days=RECENT_DAYS)
    before = recent - timedelta(days=BEFORE_DAYS)
    with connection.cursor() as cursor:
        cursor.execute(RHYTHM, {"customer": customer_id, "currency": currency, "today": today, "recent": recent, "before": before})
        rows = cursor.fetchall()
    by_month = {row[0]: row for row in rows}
    months = [_month(today, n) for n in range(MONTHS - 1, -1, -1)]
    year = [by_month[m] for m in months[1:] if m in by_month]
    first = min((row[8] for row in rows if row[8]), default=None)
    days = max(0, (recent - max(first, before)).days + 1) if first and first <= recent else 0
    drop = fall(sum((r[6] for r in rows), Decimal(0)), sum((r[7] for r in rows), Decimal(0)), days, owner_since, today)
    return Rhythm(
        [(m, by_month[m][1] if m in by_month else Decimal(0)) for m in months], sum((r[1] for r in year), Decimal(0)),
        sum((r[2] for r in year), Decimal(0)), sum((r[3] for r in year), Decimal(0)), int(sum(r[4] for r in year)), int(sum(r[5] for r in year)),
        max((row[9] for row in rows if row[9]), default=None), drop,
    )  # fmt: skip


def _month(today: date, back: int) -> date:
    count = today.year * 12 + today.month - 1 - back
    return date(count // 12, count % 12 + 1, 1)
