"""Transfers that wait for somebody: that should have left, should be here, or differ."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

LATE = """
SELECT 'transfer' AS subject_kind, t.id AS subject_id, t.number, NULL::bigint AS customer_id, t.{end}_id AS location_id,
       t.{day}::timestamptz AS since, NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('source', s.name, 'target', g.name, 'day', t.{day}) AS facts
FROM inventory_transfer t JOIN inventory_storagelocation s ON s.id = t.source_id JOIN inventory_storagelocation g ON g.id = t.target_id
WHERE t.status = '{status}' AND t.{day} < CURRENT_DATE
"""
DIFFERS = """
SELECT 'transfer' AS subject_kind, t.id AS subject_id, t.number, NULL::bigint AS customer_id, t.source_id AS location_id,
       t.arrival_date::timestamptz AS since, round(sum(abs(x.units) * p.standard_cost), 2) AS amount, '' AS currency,
       jsonb_build_object('source', s.name, 'target', g.name, 'missing', coalesce(sum(x.units) FILTER (WHERE x.units > 0), 0),
                          'surplus', coalesce(-sum(x.units) FILTER (WHERE x.units < 0), 0)) AS facts
FROM inventory_transfer t JOIN inventory_transferline l ON l.transfer_id = t.id JOIN inventory_product p ON p.id = l.product_id
JOIN inventory_storagelocation s ON s.id = t.source_id JOIN inventory_storagelocation g ON g.id = t.target_id
CROSS JOIN LATERAL (SELECT l.quantity_shipped + l.quantity_surplus - l.quantity_received - l.quantity_lost AS units) x
WHERE t.status = 'differs' AND x.units <> 0 GROUP BY t.id, s.name, g.name
"""

PROBLEMS = [
    ProblemKind(
        code="transfer.unshipped", label=gettext_lazy("Transfers that should have left"),
        sql=LATE.format(end="source", day="ship_date", status="requested"),
        sentence=lambda facts: _("From %(source)s to %(target)s, planned to leave on %(day)s.") % facts,
        action=gettext_lazy("Ship it or cancel it"), page="inventory:transfer-detail", roles=frozenset({"warehouse"}),
        clears=gettext_lazy("The goods leave, or the transfer is cancelled."),
    ),
    ProblemKind(
        code="transfer.late", label=gettext_lazy("Transfers that should have arrived"),
        sql=LATE.format(end="target", day="arrival_date", status="in_transit"),
        sentence=lambda facts: _("From %(source)s to %(target)s, expected on %(day)s.") % facts,
        action=gettext_lazy("Receive it, move its day, or say that nothing more comes"), page="inventory:transfer-detail",
        roles=frozenset({"warehouse", "manager"}), clears=gettext_lazy("Everything is received, or a later day is set."),
    ),
    ProblemKind(
        code="transfer.differs", label=gettext_lazy("Transfers that differ"), sql=DIFFERS,
        sentence=lambda facts: _("From %(source)s to %(target)s: %(missing)s units missing, %(surplus)s too many.") % facts,
        action=gettext_lazy("Look at the source, or give it up by two persons"), page="inventory:transfer-detail",
        roles=frozenset({"warehouse", "manager"}), clears=gettext_lazy("Found, corrected at the source, or given up by two persons."),
    ),
]  # fmt: skip
