"""READ of the write path: everything about the order but its lines, in one statement, with the ids it will get."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from orders.approval.selectors import OWN_LIMIT
from orders.holds.selectors import QUOTAS

HEAD = f"""
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
       c.max_shipments, c.po_repeats, c.terms_days, c.prepay_share, cur.exponent,
       a.id AS ship_to_id, a.country AS ship_to_country, a.transit_zone, a.receiving_calendar_id,
       company.country AS company_country,
       p.version AS policy_version, coalesce(pc.auto_limit, p.auto_limit) AS auto_limit, p.auto_max_discount, p.minimum_margin,
       coalesce(pc.approver_limit, p.approver_limit) AS approver_limit, p.approver_max_discount, p.second_above, p.claim_days,
       CASE WHEN p.together_hours > 0 THEN (
           SELECT coalesce(sum(o.net), 0) FROM orders_order o
           WHERE o.customer_id = c.id AND o.status IN ('submitted', 'approved', 'completed')
             AND o.submitted_at > coalesce(%(at)s, now()) - make_interval(hours => p.together_hours)
             AND o.submitted_at <= coalesce(%(at)s, now())) ELSE 0 END AS together,
       account.id AS account_id, account.payer_id, account.limit AS credit_limit, account.limit_expires,
       account.max_days_overdue, account.blocked, account.blocked_reason, account.reserved, account.receivable,
       account.unapplied, account.credits, account.oldest_due_date, account.amount_overdue, account.limit_share,
       account.max_amount_overdue,
       (SELECT value FROM orders_lanestamp) AS lane_stamp,
       {QUOTAS} AS quotas
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
LEFT JOIN LATERAL ({OWN_LIMIT.format(policy="p.id", klass="c.customer_class", post="c.post_id")}) pc ON true
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
    prepay_share: Decimal
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
    approver_max_discount: Decimal
    second_above: Decimal | None
    claim_days: int
    together: Decimal
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
    limit_share: Decimal
    max_amount_overdue: Decimal | None
    lane_stamp: int
    quotas: list[list[int]] | None
    draft: str = ""

    @property
    def number(self) -> str:
        """The order's number: a draft's own, else the next one."""
        return self.draft or f"SO{self.order_serial:07d}"


def head(
    customer: str, ship_to: str, lines: int, user_id: int, key: str, at: datetime | None, skus: Collection[str] = (),
    requested: date | None = None,
) -> Head:
    """Read the head for an order of `lines` lines of these SKUs, with their quotas on the requested day; `customer` "" is the partner's own; customer_id, ship_to_id, account_id are None when not found."""
    parameters: dict[str, Any] = {
        "customer": customer, "ship_to": ship_to, "lines": lines, "user": user_id, "key": key, "at": at,
        "skus": sorted(set(skus)), "requested": requested,
    }  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(HEAD, parameters)
        row = cursor.fetchone()
    quotas = json.loads(row[-1]) if isinstance(row[-1], str) else row[-1]
    return Head(*(*row[:-1], quotas))
