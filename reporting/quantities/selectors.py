"""One statement from lines, ledgers and applications: each line's quantity split into steps and parts that sum exactly.

Goods only: services and charges have no quantities to ship. Units are base units; value is units × net price of the
order line, rounded where it is shown. Cancelled invoices count as not invoiced. Of an invoice line, the units of credit notes
go first; of the rest, in the share of what is to be paid for it: paid (payments, and money that other credit notes carried
here), credited in price, cash discount, written off; whole units, the fraction stays open.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from oms.kernel.money import half_up
from orders.book.models import Order
from reporting.facts.selectors import Scope
from reporting.facts.selectors.scope import POSTS_BELOW, VISIBLE
from reporting.quantities.choices import NOTES, PARTS, STEP_CODES, Dimension

LINES_SHOWN = 10_000
MANY = 20_000
# A comparison of many lines may take longer, and hold more of them, than a page's other statements.
PATIENCE = "SELECT set_config('statement_timeout', '25s', true), set_config('work_mem', '64MB', true)"
CODES = (*STEP_CODES, *PARTS)


@dataclass(frozen=True)
class Selection:
    """Orders submitted from `first` to `last` (days of the company's zone), of one currency; "" means all."""

    first: date
    last: date
    currency: str
    product: str = ""
    family: str = ""
    customer: str = ""
    territory: str = ""


@dataclass(frozen=True)
class Row:
    """One row of the comparison: `amounts` by step and part code, in units or in money."""

    key: str
    label: str
    amounts: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, code: str) -> Any:
        return self.amounts[code]


# What one line has become. Every CTE looks at the chosen lines only; from the orders to their invoices and those's lines it
# goes by their indexes (OFFSET 0: the planner, who does not know how few are chosen, would read the tables whole).
SPLIT = f"""
WITH chosen AS MATERIALIZED (
    SELECT l.id, l.order_id, o.customer_id, o.number, o.status, o.shortage_rule, o.claim_expires_at, o.submitted_at, c.code AS customer_code,
           c.name AS customer, c.post_id, p.sku, p.name AS product, p.family, l.quantity_ordered AS ordered,
           l.quantity_approved AS approved, l.quantity_cancelled AS cancelled, l.quantity_allocated AS allocated,
           l.quantity_shipped AS shipped, l.quantity_delivered AS delivered, l.quantity_undelivered AS undelivered,
           l.quantity_returned AS returned, l.quantity_invoiced AS invoiced,
           l.unit_price * (1 - l.discount) / l.price_unit AS each
    FROM orders_order o
    JOIN orders_orderline l ON l.order_id = o.id AND l.kind IN ('goods', 'free', 'replacement')
    JOIN customers_customer c ON c.id = o.customer_id
    JOIN inventory_product p ON p.id = l.product_id
    WHERE o.submitted_at >= %(start)s AND o.submitted_at < %(end)s AND o.status NOT IN ('draft', 'discarded')
      AND o.currency_id = %(currency)s AND {VISIBLE}
      AND (%(product)s = '' OR p.sku = %(product)s) AND (%(family)s = '' OR p.family = %(family)s)
      AND (%(customer)s = '' OR c.code = %(customer)s)
      AND (%(territory)s = '' OR c.post_id IN ({POSTS_BELOW}))
), orders AS MATERIALIZED (
    SELECT DISTINCT order_id FROM chosen
), held AS (
    SELECT h.order_id, bool_or(h.steps && ARRAY['approve']::varchar[]) AS approve,
           bool_or(h.steps && ARRAY['release', 'ship']::varchar[]) AS release,
           bool_or(h.steps && ARRAY['invoice']::varchar[]) AS invoice
    FROM orders_hold h JOIN orders USING (order_id) WHERE h.released_at IS NULL GROUP BY h.order_id
), plan AS (
    SELECT s.line_id, sum(s.quantity) FILTER (WHERE s.ship_date >= %(today)s)::bigint AS planned,
           coalesce(sum(s.quantity) FILTER (WHERE s.ship_date < %(today)s), 0)::bigint AS stale
    FROM orders_scheduleline s JOIN orders USING (order_id)
    JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
    WHERE s.kind = 'plan' GROUP BY s.line_id
), cuts AS (
    SELECT a.line_id, sum(a.cut)::bigint AS cut FROM orders_approvalline a JOIN chosen ON chosen.id = a.line_id
    WHERE chosen.cancelled > 0 GROUP BY a.line_id
), changed AS (
    SELECT DISTINCT s.object_id AS order_id FROM oms_eventsubject s JOIN oms_event e ON e.id = s.event_id
    WHERE s.kind = 'order' AND s.object_id IN (SELECT order_id FROM chosen WHERE cancelled > 0)
      AND e.name IN ('order.amended', 'order.rest_cancelled')
), moving AS (
    SELECT sl.line_id, coalesce(sum(sl.quantity) FILTER (WHERE s.status = 'shipped' AND s.delivery_date < %(today)s), 0)::bigint AS late,
           coalesce(sum(sl.quantity) FILTER (WHERE s.shipped_at < %(now)s - CASE t.timing WHEN 'weekly' THEN interval '8 days'
               WHEN 'monthly' THEN interval '32 days' WHEN 'order' THEN interval '90 days' ELSE interval '1 day' END
               AND NOT EXISTS (SELECT 1 FROM payments_invoice i WHERE i.shipment_id = s.id AND NOT i.cancelled)), 0)::bigint AS unbilled
    FROM orders_shipmentline sl JOIN chosen ON chosen.id = sl.line_id JOIN orders_shipment s ON s.id = sl.shipment_id
    LEFT JOIN payments_billingterms t ON t.customer_id = chosen.customer_id
    WHERE sl.posted AND (chosen.shipped > chosen.delivered + chosen.undelivered OR chosen.shipped > chosen.invoiced)
    GROUP BY sl.line_id
), uninvoiced AS (
    SELECT il.order_line_id AS line_id, sum(il.quantity)::bigint AS units
    FROM payments_invoiceline il JOIN chosen ON chosen.id = il.order_line_id JOIN payments_invoice i ON i.id = il.invoice_id AND i.cancelled
    WHERE chosen.shipped > chosen.invoiced GROUP BY il.order_line_id
), bills AS MATERIALIZED (
    SELECT i.id, coalesce((SELECT min(p.due_date) FROM open_parts(i.total, i.total - i.applied - i.credited, i.due_date, i.instalments, i.instalment) p),
               i.due_date) AS due_date, i.total - own.goods AS payable, own.price, own.discount, own.loss,
           least(i.applied + i.credited - own.applied, i.total - i.noted) AS paid
    FROM (
        SELECT i.id FROM orders CROSS JOIN LATERAL (SELECT id FROM payments_invoice WHERE order_id = orders.order_id AND NOT cancelled OFFSET 0) i
        UNION SELECT o.invoice_id FROM orders CROSS JOIN LATERAL (SELECT invoice_id FROM payments_invoiceorder WHERE order_id = orders.order_id OFFSET 0) o
    ) of_orders JOIN payments_invoice i USING (id)
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(n.total) FILTER (WHERE n.kind = 'credit' AND n.goods), 0) AS goods,
               coalesce(sum(n.total) FILTER (WHERE n.kind = 'credit' AND NOT n.goods), 0) AS price,
               coalesce(sum(n.total) FILTER (WHERE n.kind = 'cash_discount'), 0) AS discount,
               coalesce(sum(n.total) FILTER (WHERE n.kind = 'write_off'), 0) AS loss, coalesce(sum(n.here), 0) AS applied
        FROM (SELECT n.kind, n.total, EXISTS (SELECT 1 FROM payments_creditnoteline cl WHERE cl.credit_note_id = n.id AND cl.quantity > 0) AS goods,
                     (SELECT sum(ca.amount) FROM payments_creditapplication ca WHERE ca.credit_note_id = n.id AND ca.invoice_id = i.id) AS here
              FROM payments_creditnote n WHERE n.invoice_id = i.id AND NOT n.undone) n
    ) own
), money AS (
    SELECT line_id, sum(returned)::bigint AS credited_return, sum(goods - returned)::bigint AS credited_goods,
           sum(CASE WHEN payable = 0 THEN rest ELSE floor(rest * paid / payable) END)::bigint AS paid,
           sum(CASE WHEN payable = 0 THEN 0 ELSE floor(rest * (paid + price) / payable) - floor(rest * paid / payable) END)::bigint AS credited_price,
           sum(CASE WHEN payable = 0 THEN 0 ELSE floor(rest * (paid + price + discount) / payable) - floor(rest * (paid + price) / payable) END)::bigint AS cash_discount,
           sum(CASE WHEN payable = 0 THEN 0 ELSE floor(rest * (paid + price + discount + loss) / payable)
               - floor(rest * (paid + price + discount) / payable) END)::bigint AS written_off,
           sum(CASE WHEN payable = 0 THEN 0 ELSE rest - floor(rest * (paid + price + discount + loss) / payable) END)
               FILTER (WHERE due_date < %(today)s)::bigint AS overdue
    FROM (SELECT il.order_line_id AS line_id, il.quantity - given.goods AS rest, given.goods, given.returned, bills.*
          FROM bills CROSS JOIN LATERAL (SELECT * FROM payments_invoiceline WHERE invoice_id = bills.id OFFSET 0) il
          JOIN chosen ON chosen.id = il.order_line_id
          CROSS JOIN LATERAL (
              SELECT coalesce(sum(cl.quantity), 0) AS goods, coalesce(sum(cl.quantity) FILTER (
                  WHERE EXISTS (SELECT 1 FROM orders_returncredit rc WHERE rc.credit_note_id = cl.credit_note_id)), 0) AS returned
              FROM payments_creditnoteline cl WHERE cl.invoice_line_id = il.id) given) parts
    GROUP BY line_id
), raw AS (
    SELECT chosen.*, ordered - cancelled - chosen.approved AS waits, chosen.approved - shipped - allocated AS rest,
           coalesce(held.approve, false) AS held_approve, coalesce(held.release, false) AS held_release,
           coalesce(held.invoice, false) AS held_invoice, coalesce(planned, 0) AS plan_planned, coalesce(stale, 0) AS plan_stale,
           coalesce(cut, 0) AS was_cut,
           changed.order_id IS NOT NULL AS was_changed, coalesce(moving.late, 0) AS was_late, coalesce(moving.unbilled, 0) AS was_unbilled,
           coalesce(uninvoiced.units, 0) AS was_cancelled, terms.timing,
           coalesce(money.paid, 0) AS paid, coalesce(credited_return, 0) AS credited_return, coalesce(credited_goods, 0) AS credited_goods,
           coalesce(credited_price, 0) AS credited_price, coalesce(cash_discount, 0) AS cash_discount, coalesce(written_off, 0) AS written_off,
           coalesce(money.overdue, 0) AS overdue
    FROM chosen LEFT JOIN held USING (order_id) LEFT JOIN plan ON plan.line_id = chosen.id LEFT JOIN cuts ON cuts.line_id = chosen.id
    LEFT JOIN changed USING (order_id)
    LEFT JOIN moving ON moving.line_id = chosen.id LEFT JOIN money ON money.line_id = chosen.id
    LEFT JOIN uninvoiced ON uninvoiced.line_id = chosen.id LEFT JOIN payments_billingterms terms ON terms.customer_id = chosen.customer_id
), billing AS (
    SELECT raw.*, CASE WHEN held_invoice THEN 0 ELSE least(was_cancelled, shipped - invoiced) END AS invoice_cancelled,
           CASE WHEN held_invoice THEN 0 ELSE greatest(0, least(was_unbilled, shipped - invoiced) - least(was_cancelled, shipped - invoiced)) END
               AS unexplained_unbilled
    FROM raw
), split AS (
    SELECT id, order_id, number, status, submitted_at, customer_code, customer, post_id, sku, product, family, each,
           ordered, approved, shipped, delivered, returned, invoiced, paid,
           CASE WHEN status IN ('submitted', 'approved') AND NOT held_approve AND (claim_expires_at IS NULL OR claim_expires_at >= %(now)s)
                THEN waits ELSE 0 END AS pending,
           CASE WHEN status IN ('submitted', 'approved') AND held_approve THEN waits ELSE 0 END AS pending_held,
           CASE WHEN status IN ('submitted', 'approved') AND NOT held_approve AND claim_expires_at < %(now)s THEN waits ELSE 0 END AS pending_expired,
           CASE WHEN status IN ('submitted', 'approved') THEN 0 ELSE waits END AS unexplained_pending,
           least(was_cut, cancelled) AS cut,
           CASE WHEN status = 'cancelled' THEN cancelled - least(was_cut, cancelled) ELSE 0 END AS order_cancelled,
           CASE WHEN status <> 'cancelled' AND was_changed THEN cancelled - least(was_cut, cancelled) ELSE 0 END AS taken_off,
           CASE WHEN status <> 'cancelled' AND NOT was_changed AND shortage_rule = 'cancel'
                THEN cancelled - least(was_cut, cancelled) ELSE 0 END AS short_at_entry,
           CASE WHEN status <> 'cancelled' AND NOT was_changed AND shortage_rule <> 'cancel'
                THEN cancelled - least(was_cut, cancelled) ELSE 0 END AS unexplained_cut,
           allocated,
           CASE WHEN status = 'approved' AND held_release THEN rest ELSE 0 END AS held,
           CASE WHEN status = 'approved' AND NOT held_release THEN least(rest, plan_planned) ELSE 0 END AS planned,
           CASE WHEN status = 'approved' AND NOT held_release THEN least(greatest(rest - plan_planned, 0), plan_stale) ELSE 0 END AS stale,
           CASE WHEN status = 'approved' AND NOT held_release THEN greatest(rest - plan_planned - plan_stale, 0) ELSE 0 END AS backordered,
           CASE WHEN status = 'approved' THEN 0 ELSE rest END AS unexplained_open,
           shipped - delivered - undelivered - least(was_late, shipped - delivered - undelivered) AS transit,
           least(was_late, shipped - delivered - undelivered) AS late, undelivered,
           CASE WHEN held_invoice THEN shipped - invoiced ELSE 0 END AS unbilled_held,
           invoice_cancelled, unexplained_unbilled,
           CASE WHEN held_invoice OR coalesce(timing, 'shipment') <> 'shipment' THEN 0 ELSE shipped - invoiced - invoice_cancelled - unexplained_unbilled END AS unbilled,
           CASE WHEN NOT held_invoice AND timing <> 'shipment' THEN shipped - invoiced - invoice_cancelled - unexplained_unbilled ELSE 0 END AS billed_later,
           credited_return, credited_goods, credited_price, cash_discount, written_off, overdue,
           invoiced - paid - credited_return - credited_goods - credited_price - cash_discount - written_off - overdue AS not_due
    FROM billing
)
"""

KEYS = {
    Dimension.PRODUCT: ("sku", "product", ""),
    Dimension.FAMILY: ("family", "family", ""),
    Dimension.CUSTOMER: ("customer_code", "customer", ""),
    Dimension.TERRITORY: ("t.code", "t.name", "JOIN customers_post cp ON cp.id = split.post_id JOIN customers_territory t ON t.id = cp.territory_id"),
    Dimension.MONTH: ("to_char(submitted_at AT TIME ZONE %(zone)s, 'YYYY-MM')", "to_char(submitted_at AT TIME ZONE %(zone)s, 'YYYY-MM')", ""),
}  # fmt: skip


def _parameters(seen: Scope, chosen: Selection, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    return {
        **seen.parameters, "start": datetime.combine(chosen.first, time(), zone),
        "end": datetime.combine(chosen.last + timedelta(days=1), time(), zone), "currency": chosen.currency,
        "product": chosen.product, "family": chosen.family, "customer": chosen.customer, "territory": chosen.territory,
        "now": now, "today": now.astimezone(zone).date(), "zone": zone.key,
    }  # fmt: skip


def _all(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    # What a statement does not name must not be sent: the server could not tell its type.
    used = {name: value for name, value in parameters.items() if f"%({name})s" in sql}
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(PATIENCE)
        cursor.execute(sql, used)
        return cursor.fetchall()


def many_orders(since: datetime) -> bool:
    """Whether so many orders came in since that a comparison of all of them takes long."""
    return Order.objects.filter(submitted_at__gte=since)[: MANY + 1].count() > MANY


def comparison(seen: Scope, chosen: Selection, by: Dimension, now: datetime, zone: ZoneInfo, exponent: int | None = None) -> list[Row]:
    """Steps and parts summed by `by`, the largest ordered first; in units, or in net value at `exponent` decimals."""
    key, label, join = KEYS[by]
    times = "" if exponent is None else " * each"
    sums = ", ".join(f"sum({code}{times})" for code in CODES)
    order = "1" if by == Dimension.MONTH else "3 DESC, 1"
    rows = _all(f"{SPLIT} SELECT {key}, {label}, {sums} FROM split {join} GROUP BY 1, 2 ORDER BY {order}", _parameters(seen, chosen, now, zone))
    return [Row(k, text, {code: _amount(x, exponent) for code, x in zip(CODES, values, strict=True)}) for k, text, *values in rows]


def _amount(value: Decimal | int, exponent: int | None) -> int | Decimal:
    return int(value) if exponent is None else half_up(value + Decimal(0), exponent)


def total(rows: list[Row]) -> Row:
    """The whole, as the sum of the rows."""
    return Row("", "", {code: sum((row[code] for row in rows), 0) for code in CODES})


@dataclass(frozen=True)
class LineRow:
    """One order line behind a number: how much of it is in the part asked for."""

    number: str
    customer_code: str
    customer: str
    sku: str
    product: str
    status: str
    submitted_at: datetime
    ordered: int
    units: int
    notes: list[str]
    value: Decimal


# The credit notes of a line's invoices, of the kind that stands behind the part asked for.
LINE_NOTES = """
ARRAY(SELECT DISTINCT n.number FROM payments_invoiceline il JOIN payments_creditnote n ON n.invoice_id = il.invoice_id
      WHERE il.order_line_id = split.id AND n.kind = %(kind)s AND NOT n.undone ORDER BY 1)
"""


def lines_behind(seen: Scope, chosen: Selection, code: str, now: datetime, zone: ZoneInfo, exponent: int) -> list[LineRow]:
    """The order lines with something in a step or part, with the credit notes that name it, the largest value first; at
    most LINES_SHOWN."""
    assert code in CODES
    notes = LINE_NOTES if code in NOTES else "ARRAY[]::text[]"
    rows = _all(
        f"{SPLIT} SELECT number, customer_code, customer, sku, product, status, submitted_at, ordered, {code}, {notes}, {code} * each "
        f"FROM split WHERE {code} <> 0 ORDER BY {code} * each DESC, number, id LIMIT {LINES_SHOWN}",
        {**_parameters(seen, chosen, now, zone), "kind": NOTES.get(code, "")},
    )
    return [LineRow(*(*row[:-1], half_up(row[-1] + Decimal(0), exponent))) for row in rows]


@dataclass(frozen=True)
class Reason:
    """A loss with the reason that was given: who answers for it, whether we could have helped it, how much it was."""

    part: str
    code: str
    text: str
    party: str
    controllable: bool
    units: int
    value: Decimal


REASONS = """
SELECT 'cut', a.reason, coalesce(r.text, a.reason), coalesce(r.party, 'company'), coalesce(r.controllable, true),
       sum(a.cut), sum(a.cut * chosen.each)
FROM orders_approvalline a JOIN chosen ON chosen.id = a.line_id
LEFT JOIN oms_reasoncode r ON r.kind = 'cut' AND r.code = a.reason
WHERE a.cut <> 0 GROUP BY 1, 2, 3, 4, 5 HAVING sum(a.cut) <> 0
UNION ALL
SELECT 'returned', rl.reason, coalesce(r.text, rl.reason), rl.party, rl.controllable, sum(rr.quantity), sum(rr.quantity * chosen.each)
FROM orders_returnreceipt rr JOIN chosen ON chosen.id = rr.line_id JOIN orders_returnline rl ON rl.id = rr.return_line_id
LEFT JOIN oms_reasoncode r ON r.kind = 'return' AND r.code = rl.reason
GROUP BY 1, 2, 3, 4, 5
"""


def loss_reasons(seen: Scope, chosen: Selection, now: datetime, zone: ZoneInfo, exponent: int) -> list[Reason]:
    """What approvers cut and what came back, by reason code. One statement."""
    rows = _all(SPLIT.partition(", orders AS")[0] + REASONS, _parameters(seen, chosen, now, zone))
    return [Reason(part, code, text, party, controllable, int(units), half_up(value + Decimal(0), exponent))
            for part, code, text, party, controllable, units, value in rows]
