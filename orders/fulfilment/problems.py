"""Shipments that should have left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

OVERDUE = """
SELECT 'shipment' AS subject_kind, s.id AS subject_id, s.number, o.customer_id, s.location_id,
       s.planned_date::timestamptz AS since, NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('day', s.planned_date, 'order', o.number, 'location', location.code) AS facts
FROM orders_shipment s JOIN orders_order o ON o.id = s.order_id JOIN inventory_storagelocation location ON location.id = s.location_id
WHERE s.status IN ('released', 'picking', 'picked', 'packed') AND s.planned_date < CURRENT_DATE
"""

DISCREPANCY = """
SELECT 'discrepancy' AS subject_kind, d.id AS subject_id, d.number, o.customer_id, d.location_id, d.at AS since,
       round((d.quantity - d.cleared) * p.standard_cost, 2) AS amount, '' AS currency,
       jsonb_build_object('quantity', d.quantity - d.cleared, 'sku', p.sku, 'location', l.code, 'kind', d.kind, 'order', coalesce(o.number, '')) AS facts
FROM orders_discrepancy d JOIN inventory_product p ON p.id = d.product_id JOIN inventory_storagelocation l ON l.id = d.location_id
LEFT JOIN orders_order o ON o.id = d.order_id WHERE d.quantity > d.cleared
"""


def discrepancy_sentence(facts: Mapping[str, Any]) -> str:
    """What moved that nobody approved."""
    if facts["kind"] == "unauthorised_issue":
        return _("%(quantity)s × %(sku)s left %(location)s without approval. %(order)s") % facts
    return _("%(quantity)s × %(sku)s came back to %(location)s unannounced. %(order)s") % facts


PROBLEMS = [
    ProblemKind(
        code="discrepancy.open", label=gettext_lazy("Goods that moved without approval"), sql=DISCREPANCY, sentence=discrepancy_sentence,
        action=gettext_lazy("Approve it afterwards, take it back, or write it off"), page="orders:discrepancy-detail",
        roles=frozenset({"warehouse", "manager"}), clears=gettext_lazy("An approved amendment, a return, or a write-off by two persons."),
    ),
    ProblemKind(
        code="shipment.overdue", label=gettext_lazy("Shipments that should have left"), sql=OVERDUE,
        sentence=lambda facts: _("Of order %(order)s, planned to leave %(location)s on %(day)s.") % facts,
        action=gettext_lazy("Ship it or take it back"), page="orders:shipment-detail", roles=frozenset({"warehouse"}),
        clears=gettext_lazy("The goods issue, or cancelling the shipment."),
    ),
]  # fmt: skip
