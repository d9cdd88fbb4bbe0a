"""Shipments that are not invoiced yet, ten minutes after they left."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

UNBILLED = """
WITH line AS MATERIALIZED ( -- few, behind their index: the planner does not know how few
    SELECT id, order_id, net, quantity_ordered FROM orders_orderline WHERE quantity_shipped > quantity_invoiced
)
SELECT 'shipment' AS subject_kind, s.id AS subject_id, s.number, o.customer_id, s.location_id, s.shipped_at AS since,
       round(sum(sl.quantity * line.net / line.quantity_ordered), 2) AS amount, o.currency_id AS currency,
       jsonb_build_object('order', o.number) AS facts
FROM line JOIN orders_order o ON o.id = line.order_id
JOIN orders_shipmentline sl ON sl.line_id = line.id AND sl.posted
JOIN orders_shipment s ON s.id = sl.shipment_id AND s.shipped_at < now() - interval '10 minutes'
WHERE o.status <> 'completed'
  AND NOT EXISTS (SELECT 1 FROM payments_invoice i WHERE i.shipment_id = s.id AND NOT i.cancelled)
  AND NOT EXISTS (SELECT 1 FROM payments_billingterms t WHERE t.customer_id = o.customer_id AND s.shipped_at > now() - CASE t.timing
                  WHEN 'weekly' THEN interval '8 days' WHEN 'monthly' THEN interval '32 days' WHEN 'order' THEN interval '90 days'
                  ELSE interval '0' END)
GROUP BY s.id, o.id
"""

PROBLEMS = [
    ProblemKind(
        code="shipment.unbilled", label=gettext_lazy("Shipped, not invoiced"), sql=UNBILLED,
        sentence=lambda facts: _("Goods of order %(order)s left without an invoice.") % facts,
        action=gettext_lazy("See what stops the invoice"), page="orders:shipment-detail", roles=frozenset({"finance"}),
        clears=gettext_lazy("A hold lifted, an account opened, or the news handled again."),
    ),
]  # fmt: skip
