"""How figures are counted: one statement over the ledgers, for some customers and days, or for everything (`verify`).

Each branch of FACTS is one kind of fact with the document behind it. `{k:customer:day}` marks where the keys join.
Delivered: line net of what a shipment brought, on its delivered date. Collected: the net-of-tax share of what cleared
payments settle, on the application's value date, less refunds on theirs. Returned: at the original price on receipt. Invoiced:
less credit notes and cancellations on the day of each (cash discounts and write-offs are losses, not less invoiced). Credited:
what credit notes gave for goods that did not come back. What takes back an earlier fact is charged to the post that owned the
customer on that fact's day: `owner_day` (PRODUCT.md section 8 on returns). Due: lines by their first promise; on time when all of what is approved
had arrived by then.
"""

from __future__ import annotations

import re

from django.db.models import Max

from reporting.facts.choices import COLUMNS
from reporting.facts.models import FigureMark

ZONE = "coalesce((SELECT timezone FROM oms_company WHERE id = 1), 'UTC')"


def newest_mark() -> int:
    """Of what is marked, the last; 0 when nothing is."""
    return FigureMark.objects.aggregate(last=Max("id"))["last"] or 0


def day_of(moment: str) -> str:
    """The company's day of a moment, as SQL."""
    return f"({moment} AT TIME ZONE {ZONE})::date"


def _branch(source: str, **columns: str) -> str:
    sums = ", ".join(f"({columns.get(name, '0')})::numeric AS {name}" for name in COLUMNS)
    columns = {"owner_day": columns["day"], **columns}
    head = ", ".join(f"{columns[name]} AS {name}" for name in ("day", "owner_day", "customer_id", "family", "currency_id"))
    return f"SELECT {head}, {sums}, {columns['kind']} AS kind, {columns['number']} AS number {source}"


GOODS = "l.kind IN ('goods', 'free', 'replacement')"
FAMILY = "coalesce(p.family, '')"

ORDERED = _branch(
    f"""
    FROM orders_order o {{k|o.customer_id|{day_of("o.submitted_at")}}}
    JOIN orders_orderline l ON l.order_id = o.id LEFT JOIN inventory_product p ON p.id = l.product_id
    WHERE o.submitted_at IS NOT NULL AND o.status NOT IN ('draft', 'discarded')""",
    day=day_of("o.submitted_at"), customer_id="o.customer_id", family=FAMILY, currency_id="o.currency_id",
    ordered="l.net", units_ordered=f"CASE WHEN {GOODS} THEN l.quantity_ordered ELSE 0 END", kind="'order'", number="o.number",
)  # fmt: skip

# A decision taken back is a negative row on the day it was taken back: its event's, not its decision's.
APPROVED = _branch(
    f"""
    FROM orders_order o JOIN orders_approval a ON a.order_id = o.id JOIN orders_approvalline al ON al.approval_id = a.id
    JOIN oms_event e ON e.id = al.event_id {{k|o.customer_id|{day_of("e.at")}}}
    JOIN orders_orderline l ON l.id = al.line_id LEFT JOIN inventory_product p ON p.id = l.product_id
    WHERE al.approved <> 0""",
    day=day_of("e.at"), customer_id="o.customer_id", family=FAMILY, currency_id="o.currency_id",
    approved="round(al.approved * l.unit_price * (1 - l.discount) / l.price_unit, 6)", kind="'order'", number="o.number",
)  # fmt: skip

DELIVERED = _branch(
    """
    FROM orders_arrival a JOIN orders_order o ON o.id = a.order_id {k|o.customer_id|a.day}
    JOIN orders_shipmentline sl ON sl.id = a.shipment_line_id JOIN orders_shipment s ON s.id = sl.shipment_id
    JOIN orders_orderline l ON l.id = a.line_id LEFT JOIN inventory_product p ON p.id = l.product_id
    JOIN oms_currency cur ON cur.code = o.currency_id
    WHERE a.kind = 'delivered'""",
    day="a.day", customer_id="o.customer_id", family=FAMILY, currency_id="o.currency_id",
    delivered="round(a.quantity * l.unit_price * (1 - l.discount) / l.price_unit, cur.exponent)",
    cost="round(a.quantity * l.unit_cost, 6)", units_delivered="a.quantity", kind="'shipment'", number="s.number",
)  # fmt: skip

RETURNED = _branch(
    """
    FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id JOIN orders_returnreceipt rr ON rr.line_id = l.id {k|o.customer_id|rr.day}
    JOIN orders_returnline rl ON rl.id = rr.return_line_id JOIN orders_return r ON r.id = rl.returned_id
    LEFT JOIN inventory_product p ON p.id = l.product_id JOIN oms_currency cur ON cur.code = o.currency_id""",
    day="rr.day", customer_id="o.customer_id", family=FAMILY, currency_id="o.currency_id",
    owner_day="""coalesce((SELECT min(a.day) FROM orders_arrival a WHERE a.shipment_line_id = rr.shipment_line_id AND a.kind = 'delivered'), rr.day)""",
    returned="round(rr.quantity * l.unit_price * (1 - l.discount) / l.price_unit, cur.exponent)", kind="'return'", number="r.number",
)  # fmt: skip

INVOICED = _branch(
    """
    FROM payments_invoice i {k|i.customer_id|i.invoice_date}
    JOIN payments_invoiceline il ON il.invoice_id = i.id
    LEFT JOIN orders_orderline l ON l.id = il.order_line_id LEFT JOIN inventory_product p ON p.id = l.product_id""",
    day="i.invoice_date", customer_id="i.customer_id", family=FAMILY, currency_id="i.currency_id",
    invoiced="il.net", kind="'invoice'", number="i.number",
)  # fmt: skip

# A part of a credit note by the invoice lines it is of: its own line, or those of its tax group by their nets, to the last digit.
CREDIT_PARTS = """
JOIN LATERAL (
    SELECT w.order_line_id, coalesce(round(cl.net * w.upto / nullif(w.whole, 0), 6) - round(cl.net * (w.upto - w.own) / nullif(w.whole, 0), 6), 0) AS net
    FROM (SELECT il.order_line_id, il.net AS own, sum(il.net) OVER (ORDER BY il.id) AS upto, sum(il.net) OVER () AS whole
          FROM payments_invoiceline il WHERE il.invoice_id = n.invoice_id
            AND CASE WHEN cl.invoice_line_id IS NULL THEN (il.tax_category, il.tax_rate) = (cl.category, cl.rate) ELSE il.id = cl.invoice_line_id END) w
) part ON true"""

CREDITED = _branch(
    f"""
    FROM payments_creditnote n {{k|n.customer_id|n.credit_date}} JOIN payments_invoice i ON i.id = n.invoice_id
    JOIN payments_creditnoteline cl ON cl.credit_note_id = n.id {CREDIT_PARTS}
    LEFT JOIN orders_orderline l ON l.id = part.order_line_id LEFT JOIN inventory_product p ON p.id = l.product_id
    WHERE n.kind IN ('credit', 'cancellation')""",
    day="n.credit_date", owner_day="i.invoice_date", customer_id="n.customer_id", family=FAMILY, currency_id="n.currency_id",
    invoiced="-part.net", kind="'credit_note'", number="n.number",
    credited="""CASE WHEN n.kind = 'credit' AND NOT EXISTS (SELECT 1 FROM orders_returncredit rc WHERE rc.credit_note_id = n.id)
                THEN part.net ELSE 0 END""",
)  # fmt: skip

# The net of an invoice by family.
FAMILY_NETS = """
JOIN LATERAL (
    SELECT coalesce(p.family, '') AS family, sum(il.net) AS net FROM payments_invoiceline il
    LEFT JOIN orders_orderline l ON l.id = il.order_line_id LEFT JOIN inventory_product p ON p.id = l.product_id
    WHERE il.invoice_id = i.id GROUP BY 1
) part ON true"""

COLLECTED = _branch(
    f"""
    FROM payments_invoice i JOIN payments_application a ON a.invoice_id = i.id {{k|i.customer_id|a.value_date}}
    JOIN payments_payment pay ON pay.id = a.payment_id AND pay.clearing NOT IN ('received', 'deposited')
    {FAMILY_NETS}
    WHERE i.total > 0""",
    day="a.value_date", customer_id="i.customer_id", family="part.family", currency_id="i.currency_id",
    collected="round(a.amount * part.net / i.total, 6)", kind="'payment'", number="pay.number",
)  # fmt: skip

REFUNDED = _branch(
    f"""
    FROM payments_refund r {{k|r.customer_id|r.refund_date}} JOIN payments_creditnote n ON n.id = r.credit_note_id
    JOIN payments_invoice i ON i.id = n.invoice_id {FAMILY_NETS}
    WHERE i.total > 0""",
    day="r.refund_date", owner_day="i.invoice_date", customer_id="r.customer_id", family="part.family", currency_id="r.currency_id",
    collected="-round(r.amount * part.net / i.total, 6)", kind="'credit_note'", number="n.number",
)  # fmt: skip

DUE = _branch(
    f"""
    FROM orders_order o JOIN orders_orderline l ON l.order_id = o.id AND {GOODS}
    JOIN orders_promise first ON first.line_id = l.id AND first.kind = 'first' {{k|o.customer_id|first.delivery_date}}
    LEFT JOIN inventory_product p ON p.id = l.product_id
    LEFT JOIN LATERAL (
        SELECT sum(a.quantity) AS units FROM orders_arrival a
        WHERE a.line_id = l.id AND a.kind = 'delivered' AND a.day <= first.delivery_date
    ) arrived ON true
    WHERE o.status IN ('approved', 'completed') AND l.quantity_approved > 0 AND first.delivery_date IS NOT NULL""",
    day="first.delivery_date", customer_id="o.customer_id", family=FAMILY, currency_id="o.currency_id", lines_due="1",
    units_due="l.quantity_approved", units_on_time="least(coalesce(arrived.units, 0), l.quantity_approved)",
    lines_on_time="CASE WHEN arrived.units >= l.quantity_approved THEN 1 ELSE 0 END", kind="'order'", number="o.number",
)  # fmt: skip

FACTS = " UNION ALL ".join((ORDERED, APPROVED, DELIVERED, RETURNED, INVOICED, CREDITED, COLLECTED, REFUNDED, DUE))
_KEY = re.compile(r"\{k\|(.+?)\|(.+?)\}")


def facts(keyed: bool) -> str:
    """The facts with their documents; `keyed` looks only at the customers and days of a CTE `k(customer_id, day)`."""
    return _KEY.sub(r"JOIN k ON k.customer_id = \1 AND k.day = \2" if keyed else "", FACTS)


def counted(keyed: bool) -> str:
    """The figures as the ledgers give them: KEYS, then COLUMNS; zeros left out."""
    sums = ", ".join(f"sum(f.{name}) AS {name}" for name in COLUMNS)
    some = " OR ".join(f"sum(f.{name}) <> 0" for name in COLUMNS)
    return f"""
    SELECT f.day, f.owner_day, f.post_id, f.customer_id, f.family, f.currency_id, {sums}
    FROM (
        SELECT x.*, coalesce((SELECT cp.post_id FROM customers_customerpost cp
                              WHERE cp.customer_id = x.customer_id AND cp.during @> x.owner_day), c.post_id) AS post_id
        FROM ({facts(keyed)}) x JOIN customers_customer c ON c.id = x.customer_id
    ) f
    GROUP BY f.day, f.owner_day, f.post_id, f.customer_id, f.family, f.currency_id
    HAVING {some}
    """


KEYS = "day, owner_day, post_id, customer_id, family, currency_id"


def stored(condition: str) -> str:
    """The figures as they stand, summed over the periods they are booked in."""
    return f"SELECT {KEYS}, {', '.join(f'sum({c}) AS {c}' for c in COLUMNS)} FROM reporting_figure WHERE {condition} GROUP BY {KEYS}"
