"""READ of the write path: everything about the order but its lines, in one statement, with the ids it will get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

HEAD = """
SELECT now() AS now,
       ARRAY(SELECT nextval('oms_event_id_seq') FROM generate_series(1, 4)) AS event_ids,
       nextval('orders_order_id_seq') AS order_id,
       nextval('orders_order_number') AS order_serial,
       ARRAY(SELECT nextval('orders_orderline_id_seq') FROM generate_series(1, %(lines)s)) AS line_ids,
       nextval('orders_plan_version') AS plan_version,
       nextval('orders_approval_id_seq') AS approval_id,
       key.body_hash AS key_body_hash, key.status_code AS key_status, key.response AS key_response,
       link.customer_id AS own_customer_id,
       c.id AS customer_id, c.name AS customer_name, c.status AS customer_status, c.post_id, c.customer_class,
       c."group" AS customer_group, c.currency_id AS currency, c.tax_status, c.delivery_rule, c.shortage_rule,
       c.max_shipments, c.po_repeats, c.terms_days, cur.exponent,
       a.id AS ship_to_id, a.country AS ship_to_country, a.transit_zone, a.receiving_calendar_id,
       company.country AS company_country,
       p.version AS policy_version, p.auto_limit, p.auto_max_discount, p.minimum_margin, p.approver_limit,
       p.claim_days,
       account.id AS account_id, account.payer_id, account.limit AS credit_limit, account.limit_expires,
       account.max_days_overdue, account.blocked, account.blocked_reason, account.reserved, account.receivable,
       account.unapplied, account.credits, account.oldest_due_date, account.amount_overdue,
       (SELECT value FROM orders_lanestamp) AS lane_stamp
FROM (SELECT 1) AS one
LEFT JOIN oms_company company ON company.id = 1
LEFT JOIN customers_customeruser link ON link.user_id = %(user)s
LEFT JOIN customers_customer c ON c.id = CASE WHEN %(customer)s = '' THEN link.customer_id
    ELSE (SELECT id FROM customers_customer WHERE code = %(customer)s) END
LEFT JOIN oms_currency cur ON cur.code = c.currency_id
LEFT JOIN customers_address a ON a.customer_id = c.id AND a.retired_at IS NULL
    AND CASE WHEN %(ship_to)s = '' THEN a.is_default ELSE a.code = %(ship_to)s END
LEFT JOIN oms_idempotencykey key ON key.principal_id = %(user)s AND key.key = %(key)s
LEFT JOIN LATERAL (SELECT * FROM orders_approvalpolicy WHERE active_from <= coalesce(%(at)s, now())
                   ORDER BY active_from DESC, version DESC LIMIT 1) p ON true
LEFT JOIN payments_accountmember member ON member.customer_id = c.id
LEFT JOIN payments_creditaccount account ON account.id = member.account_id
"""


@dataclass(frozen=True)
class Head:
    """One row of HEAD; the columns' names are the fields'."""

    now: datetime
    event_ids: list[int]
    order_id: int
    order_serial: int
    line_ids: list[int]
    plan_version: int
    approval_id: int
    key_body_hash: bytes | None
    key_status: int | None
    key_response: bytes | None
    own_customer_id: int | None
    customer_id: int | None
    customer_name: str
    customer_status: str
    post_id: int
    customer_class: int
    customer_group: str
    currency: str
    tax_status: str
    delivery_rule: int
    shortage_rule: str
    max_shipments: int
    po_repeats: bool
    terms_days: int
    exponent: int
    ship_to_id: int | None
    ship_to_country: str
    transit_zone: str
    receiving_calendar_id: int | None
    company_country: str | None
    policy_version: int | None
    auto_limit: Decimal
    auto_max_discount: Decimal
    minimum_margin: Decimal
    approver_limit: Decimal
    claim_days: int
    account_id: int | None
    payer_id: int
    credit_limit: Decimal
    limit_expires: date | None
    max_days_overdue: int
    blocked: bool
    blocked_reason: str
    reserved: Decimal
    receivable: Decimal
    unapplied: Decimal
    credits: Decimal
    oldest_due_date: date | None
    amount_overdue: Decimal
    lane_stamp: int


def head(customer: str, ship_to: str, lines: int, user_id: int, key: str, at: datetime | None) -> Head:
    """Read the head for an order of `lines` lines; `customer` "" is the partner's own; customer_id, ship_to_id, account_id are None when not found."""
    parameters: dict[str, Any] = {
        "customer": customer, "ship_to": ship_to, "lines": lines, "user": user_id, "key": key, "at": at,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(HEAD, parameters)
        row = cursor.fetchone()
    return Head(*row)
