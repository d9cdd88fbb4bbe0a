"""How it went with a customer: deliveries against the first promise, how it pays, what came back, quotas, changes by field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from orders.service.choices import CaseKind, CaseStatus
from reporting.customer_form.domain import Change, changed_fields

YEAR, DELIVERIES, REASONS, QUOTAS, DUE, CASES, EVENTS = 365, 8, 6, 8, 12, 8, 60

# Everything that changed a field of the customer, its credit account or its billing terms.
CHANGES = f"""
SELECT e.id, e.name, e.payload, e.at, coalesce(nullif(btrim(u.first_name || ' ' || u.last_name), ''), u.username) AS who, coalesce(n.text, '') AS why
FROM oms_eventsubject s JOIN oms_event e ON e.id = s.event_id JOIN oms_user u ON u.id = e.actor_id LEFT JOIN oms_eventnote n ON n.event_id = e.id
WHERE (s.kind, s.object_id) IN (('customer', %(customer)s::bigint), ('billingterms', %(customer)s::bigint),
       ('credit_account', (SELECT account_id FROM payments_accountmember WHERE customer_id = %(customer)s)))
  AND e.name IN ('customer.changed', 'customer.assigned', 'credit.opened', 'credit.limit_lowered', 'credit.blocked', 'credit.terms_confirmed',
                 'credit.rules_changed', 'master.added', 'master.changed')
GROUP BY e.id, u.id, n.text ORDER BY e.id DESC LIMIT {EVENTS}
"""

RECORD = f"""
WITH RECURSIVE me AS (
    SELECT c.*, p.territory_id FROM customers_customer c JOIN customers_post p ON p.id = c.post_id WHERE c.id = %(customer)s
), region AS (
    SELECT territory_id AS id FROM me UNION SELECT t.parent_id FROM customers_territory t JOIN region ON t.id = region.id WHERE t.parent_id IS NOT NULL
), arrived AS (
    SELECT s.id, s.number, s.order_id, s.delivered_date AS day, s.delivery_proof AS proof FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id
    WHERE o.customer_id = %(customer)s AND s.delivered_date IS NOT NULL ORDER BY s.delivered_date DESC, s.id DESC LIMIT {DELIVERIES}
), settled AS (
    SELECT i.total, p.day, p.day - (i.due_date + make_interval(months => i.instalments - 1))::date AS late
    FROM payments_invoice i JOIN LATERAL (SELECT max(a.value_date) AS day FROM payments_application a WHERE a.invoice_id = i.id AND a.amount > 0) p
        ON p.day > %(since)s
    WHERE i.customer_id = %(customer)s AND i.total = i.applied + i.credited AND i.applied > 0 AND NOT i.cancelled
)
SELECT
  (SELECT json_agg(json_build_object('number', d.number, 'order', o.number, 'day', d.day, 'proof', d.proof, 'promised', x.promised,
      'late', x.late, 'units', x.units, 'missing', x.missing) ORDER BY d.day DESC, d.id DESC)
   FROM arrived d JOIN orders_order o ON o.id = d.order_id CROSS JOIN LATERAL (
      SELECT max(f.delivery_date) AS promised, max(d.day - f.delivery_date) AS late, sum(sl.quantity) AS units, sum(sl.undelivered) AS missing
      FROM orders_shipmentline sl LEFT JOIN orders_promise f ON f.line_id = sl.line_id AND f.kind = 'first' WHERE sl.shipment_id = d.id AND sl.posted) x),
  (SELECT json_build_object('count', count(*), 'days', round(sum(late * total) / nullif(sum(total), 0)), 'in_time', count(*) FILTER (WHERE late <= 0),
      'worst', max(late)) FROM settled),
  (SELECT count(*) FROM payments_payment WHERE customer_id = %(customer)s AND clearing = 'bounced' AND value_date > %(since)s),
  (SELECT json_build_object('count', count(*), 'level', max(n.level), 'last', max(n.notice_date)) FROM payments_dunningnotice n
   JOIN payments_accountmember am ON am.account_id = n.account_id WHERE am.customer_id = %(customer)s AND n.notice_date > %(since)s),
  (SELECT count(*) FROM payments_dispute d JOIN payments_invoice i ON i.id = d.invoice_id WHERE i.customer_id = %(customer)s AND d.closed_at IS NULL),
  (SELECT json_agg(json_build_object('text', text, 'party', party, 'controllable', controllable, 'units', units, 'returns', returns) ORDER BY units DESC, text)
   FROM (SELECT coalesce(rc.text, rl.reason) AS text, rl.party, rl.controllable, sum(greatest(rl.quantity_received, 0)) AS units, count(DISTINCT r.id) AS returns
         FROM orders_return r JOIN orders_returnline rl ON rl.returned_id = r.id LEFT JOIN oms_reasoncode rc ON rc.kind = 'return' AND rc.code = rl.reason
         WHERE r.customer_id = %(customer)s AND r.requested_at > %(since)s AND rl.quantity_received > 0 GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT {REASONS}) x),
  (SELECT json_agg(json_build_object('number', number, 'day', requested_at::date) ORDER BY requested_at) FROM (
      SELECT r.number, r.requested_at FROM orders_return r WHERE r.customer_id = %(customer)s AND EXISTS (SELECT 1 FROM orders_returnline rl
          WHERE rl.returned_id = r.id AND rl.status NOT IN ('refused', 'withdrawn', 'settled')) ORDER BY r.requested_at LIMIT {REASONS}) open_returns),
  (SELECT json_agg(json_build_object('what', what, 'whom', whom, 'last', last, 'maximum', maximum, 'used', used) ORDER BY used::numeric / greatest(maximum, 1) DESC, what)
   FROM (SELECT coalesce(p.name, q.family) AS what, CASE WHEN q.customer_id IS NOT NULL THEN '' ELSE coalesce(nullif(q."group", ''), po.name, t.name) END AS whom,
                q.last, q.maximum, q.used FROM orders_quota q JOIN me ON q.customer_id = me.id OR q."group" = me."group" AND me."group" <> '' OR q.post_id = me.post_id
                OR q.territory_id IN (SELECT id FROM region)
         LEFT JOIN inventory_product p ON p.id = q.product_id LEFT JOIN customers_post po ON po.id = q.post_id LEFT JOIN customers_territory t ON t.id = q.territory_id
         WHERE %(today)s BETWEEN q.first AND q.last ORDER BY q.used::numeric / greatest(q.maximum, 1) DESC LIMIT {QUOTAS}) quotas),
  (SELECT json_agg(json_build_object('number', number, 'dated', invoice_date, 'due', due, 'total', amount::text, 'left', open::text,
      'currency', currency_id) ORDER BY due, id, part) FROM (
      SELECT i.id, i.number, i.invoice_date, i.currency_id, p.due_date AS due, p.amount, p.open, p.number AS part FROM payments_invoice i
      CROSS JOIN LATERAL open_parts(i.total, i.total - i.applied - i.credited, i.due_date, i.instalments, i.instalment) p
      WHERE i.customer_id = %(customer)s AND i.total > i.applied + i.credited ORDER BY p.due_date, i.id LIMIT {DUE}) due),
  (SELECT json_agg(json_build_object('number', number, 'title', title, 'kind', kind, 'status', status, 'opened_at', opened_at, 'late', late)
          ORDER BY status = 'resolved', opened_at DESC) FROM (
      SELECT c.*, c.status = 'open' AND (c.resolve_due < now() OR c.responded_at IS NULL AND c.respond_due < now()) AS late FROM orders_case c
      WHERE c.customer_id = %(customer)s AND (c.status IN ('open', 'waiting') OR c.status = 'resolved' AND c.resolved_at > %(since)s)
      ORDER BY c.status = 'resolved', c.opened_at DESC LIMIT {CASES}) cases),
  (SELECT json_agg(json_build_object('text', text, 'count', count) ORDER BY count DESC, text) FROM (
      SELECT coalesce(rc.text, c.cause) AS text, count(*) FROM orders_case c LEFT JOIN oms_reasoncode rc ON rc.kind = 'case' AND rc.code = c.cause
      WHERE c.customer_id = %(customer)s AND c.status = 'resolved' AND c.cause <> '' AND c.resolved_at > %(since)s GROUP BY 1 LIMIT {REASONS}) causes),
  (SELECT json_agg(json_build_object('name', name, 'payload', convert_from(payload, 'UTF8')::json, 'at', at, 'who', who, 'why', why) ORDER BY id DESC) FROM ({CHANGES}) changed)
"""


@dataclass(frozen=True)
class Delivery:
    """A shipment that arrived: `late` is days after the first promise (0 or less: kept; None: nothing was promised)."""

    number: str
    order: str
    day: date
    proof: str
    promised: date | None
    late: int | None
    units: int
    missing: int

    @property
    def kept(self) -> bool | None:
        """Whether it came whole by the first promise."""
        return None if self.late is None else self.late <= 0 and not self.missing


@dataclass(frozen=True)
class Paying:
    """Of the invoices settled in a year: days after the due day, weighted by amount (less than 0: before it)."""

    count: int
    days: int | None
    in_time: int
    worst: int | None
    bounced: int
    reminders: int
    reminder_level: int
    reminded: date | None
    disputes: int


@dataclass(frozen=True)
class Due:
    """An invoice with something open."""

    number: str
    invoice_date: date
    due_date: date
    total: Decimal
    left: Decimal
    currency: str


@dataclass(frozen=True)
class FieldChange:
    """Who changed which field when, from what to what (as far as the trail keeps values), and why."""

    change: Change
    at: datetime
    who: str
    why: str


@dataclass(frozen=True)
class CaseRow:
    """A case that is not over, or was resolved within the year; `late` when a clock ran out."""

    number: str
    title: str
    kind: str
    status: str
    opened_at: datetime
    late: bool

    @property
    def get_kind_display(self) -> Any:
        return CaseKind(self.kind).label

    @property
    def get_status_display(self) -> Any:
        return CaseStatus(self.status).label


@dataclass(frozen=True)
class Record:
    """Deliveries, payments, what came back by reason (units, returns), returns under way, quotas of today, the oldest open
    invoices, cases with their causes, changes of fields (the latest first)."""

    deliveries: list[Delivery]
    paying: Paying
    reasons: list[dict[str, Any]]
    returns: list[dict[str, Any]]
    quotas: list[dict[str, Any]]
    invoices: list[Due]
    cases: list[CaseRow]
    causes: list[dict[str, Any]]
    changes: list[FieldChange]


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _day(value: str | None) -> date | None:
    return date.fromisoformat(value) if value else None


def record(customer_id: int, today: date) -> Record:
    """The last year of a customer that one may see. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(RECORD, {"customer": customer_id, "today": today, "since": today - timedelta(days=YEAR)})
        row = [_json(value) for value in cursor.fetchone()]
    arrived, paid, bounced, reminded, disputes, reasons, returns, quotas, due, cases, causes, changed = row
    deliveries = [
        Delivery(d["number"], d["order"], date.fromisoformat(d["day"]), d["proof"], _day(d["promised"]), d["late"], int(d["units"] or 0), int(d["missing"] or 0))
        for d in arrived or []
    ]
    paying = Paying(
        paid["count"], None if paid["days"] is None else int(paid["days"]), paid["in_time"], paid["worst"], bounced,
        reminded["count"], reminded["level"] or 0, _day(reminded["last"]), disputes,
    )  # fmt: skip
    for found in returns or []:
        found["day"] = date.fromisoformat(found["day"])
    for found in quotas or []:
        found["last"] = date.fromisoformat(found["last"])
    invoices = [Due(d["number"], date.fromisoformat(d["dated"]), date.fromisoformat(d["due"]), Decimal(d["total"]), Decimal(d["left"]), d["currency"])
                for d in due or []]  # fmt: skip
    changes = [
        FieldChange(change, datetime.fromisoformat(e["at"]), e["who"], e["why"])
        for e in changed or [] for change in changed_fields(e["name"], e["payload"]["data"])
    ]  # fmt: skip
    found_cases = [CaseRow(c["number"], c["title"], c["kind"], c["status"], datetime.fromisoformat(c["opened_at"]), c["late"]) for c in cases or []]
    return Record(deliveries, paying, reasons or [], returns or [], quotas or [], invoices, found_cases, causes or [], changes)


def post_names(ids: set[int]) -> dict[int, str]:
    """Names of posts by their keys; none asked, none read."""
    if not ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, name FROM customers_post WHERE id = ANY(%s)", [sorted(ids)])
        return dict(cursor.fetchall())
