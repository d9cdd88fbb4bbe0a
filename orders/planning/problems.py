"""What is wrong with dates: claims that ran out, goods without a date, promises that will be broken, oversold cells."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind
from orders.planning.selectors.live import PLANNED

EXPIRED = """
SELECT 'order' AS subject_kind, o.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id,
       o.claim_expires_at AS since, o.net AS amount, o.currency_id AS currency, '{}'::jsonb AS facts
FROM orders_order o WHERE o.status = 'submitted' AND o.claim_expires_at < now()
"""

UNDATED = f"""
SELECT 'order_line' AS subject_kind, line.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id,
       o.approved_at AS since, round((line.quantity_approved - line.quantity_shipped - line.quantity_allocated
                                      - coalesce(p.planned, 0)) * line.net / line.quantity_ordered, 2) AS amount,
       o.currency_id AS currency,
       jsonb_build_object('what', line.description, 'quantity', line.quantity_approved - line.quantity_shipped
                          - line.quantity_allocated - coalesce(p.planned, 0), 'of', line.quantity_approved) AS facts
FROM orders_orderline line JOIN orders_order o ON o.id = line.order_id
LEFT JOIN {PLANNED} p ON p.line_id = line.id
WHERE line.quantity_approved > line.quantity_shipped -- behind their index
  AND o.status = 'approved' AND line.kind IN ('goods', 'free', 'replacement')
  AND line.quantity_approved - line.quantity_shipped - line.quantity_allocated > coalesce(p.planned, 0)
"""

LATE = """
SELECT 'order_line' AS subject_kind, line.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id,
       o.approved_at AS since, round(p.quantity * line.net / line.quantity_ordered, 2) AS amount, o.currency_id AS currency,
       jsonb_build_object('what', line.description, 'quantity', p.quantity, 'first', first.delivery_date, 'now', p.arrives) AS facts
FROM (
    SELECT s.line_id, sum(s.quantity) AS quantity, max(s.delivery_date) AS arrives FROM orders_scheduleline s
    JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
    JOIN orders_promise promised ON promised.line_id = s.line_id AND promised.kind = 'first'
    WHERE s.kind = 'plan' AND s.delivery_date > promised.delivery_date GROUP BY s.line_id
) p
JOIN orders_orderline line ON line.id = p.line_id JOIN orders_order o ON o.id = line.order_id
JOIN orders_promise first ON first.line_id = line.id AND first.kind = 'first'
WHERE o.status = 'approved'
"""

SHORTFALL = """
SELECT 'availability' AS subject_kind, a.id AS subject_id, product.sku AS number, NULL::bigint AS customer_id,
       a.location_id, coalesce(e.at, now()) AS since, NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('quantity', a.shortfall, 'location', location.code) AS facts
FROM inventory_availability a JOIN inventory_product product ON product.id = a.product_id
JOIN inventory_storagelocation location ON location.id = a.location_id
LEFT JOIN oms_event e ON e.id = a.shortfall_event_id WHERE a.shortfall > 0
"""

PROBLEMS = [
    ProblemKind(
        code="claim.expired", label=gettext_lazy("Claims that ran out"), sql=EXPIRED,
        sentence=lambda facts: _("Its stock is free for others again; it keeps its rank."),
        action=gettext_lazy("Decide the order"), page="orders:order-detail", roles=frozenset({"approver", "manager"}),
        clears=gettext_lazy("Approve, cut or reject the order."),
    ),
    ProblemKind(
        code="plan.undated", label=gettext_lazy("Approved without a date"), sql=UNDATED,
        sentence=lambda facts: _("%(what)s: %(quantity)s of %(of)s have no supply in sight.") % facts,
        action=gettext_lazy("Plan again, move stock or offer a substitute"), page="orders:order-detail", roles=frozenset({"manager"}),
        clears=gettext_lazy("A receipt, a transfer or a substitute; a plan run then gives it a date."),
    ),
    ProblemKind(
        code="promise.late", label=gettext_lazy("Promises that will be broken"), sql=LATE,
        sentence=lambda facts: _("%(what)s: %(quantity)s promised for %(first)s now arrive on %(now)s.") % facts,
        action=gettext_lazy("Plan again or tell the customer"), page="orders:order-detail", roles=frozenset({"manager"}),
        clears=gettext_lazy("An earlier placement, or a new date the customer asked for."),
    ),
    ProblemKind(
        code="stock.shortfall", label=gettext_lazy("Promised more than there is"), sql=SHORTFALL,
        sentence=lambda facts: _("%(quantity)s too few at %(location)s for what is promised.") % facts,
        action=gettext_lazy("Plan again"), page="inventory:stock-card", roles=frozenset({"manager"}),
        clears=gettext_lazy("More stock, or a plan run that moves promises."),
    ),
]  # fmt: skip
