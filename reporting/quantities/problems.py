"""Gaps nobody can explain: cancelled without a reason, planned for a day gone by. Open orders only, behind their index."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

# A closed order with something pending or open is an invariant's business; an unbilled shipment is orders.invoicing's.
UNREASONED = """
SELECT 'order_line' AS subject_kind, line.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id,
       o.submitted_at AS since, round((line.quantity_cancelled - coalesce(a.cut, 0)) * line.net / line.quantity_ordered, 2) AS amount,
       o.currency_id AS currency,
       jsonb_build_object('what', line.description, 'quantity', line.quantity_cancelled - coalesce(a.cut, 0)) AS facts
FROM orders_order o JOIN orders_orderline line ON line.order_id = o.id AND line.kind IN ('goods', 'free', 'replacement')
LEFT JOIN LATERAL (SELECT sum(cut) AS cut FROM orders_approvalline WHERE line_id = line.id) a ON true
WHERE line.quantity_cancelled > 0 AND o.status IN ('submitted', 'approved') AND o.shortage_rule <> 'cancel'
  AND line.quantity_cancelled > coalesce(a.cut, 0)
  AND NOT EXISTS (SELECT 1 FROM oms_eventsubject s JOIN oms_event e ON e.id = s.event_id WHERE s.kind = 'order' AND s.object_id = o.id
                  AND e.name IN ('order.amended', 'order.rest_cancelled'))
"""

STALE = """
SELECT 'order_line' AS subject_kind, line.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id,
       p.day::timestamptz AS since, round(p.quantity * line.net / line.quantity_ordered, 2) AS amount, o.currency_id AS currency,
       jsonb_build_object('what', line.description, 'quantity', p.quantity, 'day', p.day) AS facts
FROM (
    SELECT s.line_id, sum(s.quantity) AS quantity, min(s.ship_date) AS day
    FROM orders_scheduleline s JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
    WHERE s.kind = 'plan' AND s.ship_date < CURRENT_DATE GROUP BY s.line_id
) p
JOIN orders_orderline line ON line.id = p.line_id JOIN orders_order o ON o.id = line.order_id
WHERE o.status = 'approved' AND NOT EXISTS (
    SELECT 1 FROM orders_hold h WHERE h.order_id = o.id AND h.released_at IS NULL AND h.steps && ARRAY['release', 'ship']::varchar[])
"""

PROBLEMS = [
    ProblemKind(
        code="quantity.unreasoned", label=gettext_lazy("Cancelled without a reason"), sql=UNREASONED,
        sentence=lambda facts: _("%(what)s: %(quantity)s were cancelled and nobody said why.") % facts,
        action=gettext_lazy("Find out why"), page="orders:order-detail", roles=frozenset({"manager"}),
        clears=gettext_lazy("A decision that carries a reason code."),
    ),
    ProblemKind(
        code="quantity.stale", label=gettext_lazy("Planned for a day gone by"), sql=STALE,
        sentence=lambda facts: _("%(what)s: %(quantity)s were to leave on %(day)s and nothing released them.") % facts,
        action=gettext_lazy("Release it or plan again"), page="orders:order-detail", roles=frozenset({"manager"}),
        clears=gettext_lazy("A release to the warehouse, or a plan run."),
    ),
]  # fmt: skip
