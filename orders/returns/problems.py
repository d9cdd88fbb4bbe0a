"""Returns that wait for somebody."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

WAITING = """
SELECT 'return' AS subject_kind, r.id AS subject_id, r.number, r.customer_id, r.location_id, min(rl.changed_at) AS since,
       round(sum(l.net / l.quantity_ordered * greatest(rl.quantity_received, rl.quantity_authorised, rl.quantity_requested)), 2) AS amount,
       max(o.currency_id) AS currency, jsonb_build_object('customer', c.name, 'lines', count(*)) AS facts
FROM orders_returnline rl JOIN orders_return r ON r.id = rl.returned_id JOIN customers_customer c ON c.id = r.customer_id
JOIN orders_order o ON o.id = rl.order_id JOIN orders_orderline l ON l.id = rl.line_id
WHERE rl.status IN ({statuses}) {also} GROUP BY r.id, c.name
"""
UNCREDITED = """
SELECT 'return' AS subject_kind, r.id AS subject_id, r.number, r.customer_id, r.location_id, min(s.at) AS since, sum(s.net - s.fee) AS amount,
       max(o.currency_id) AS currency, jsonb_build_object('customer', c.name, 'lines', count(*)) AS facts
FROM orders_returnsettlement s JOIN orders_returnline rl ON rl.id = s.return_line_id JOIN orders_return r ON r.id = rl.returned_id
JOIN customers_customer c ON c.id = r.customer_id JOIN orders_order o ON o.id = rl.order_id
WHERE s.kind IN ('credit', 'refund') AND s.net > s.fee
  AND NOT EXISTS (SELECT FROM orders_returncredit x WHERE x.settlement_id = s.id) GROUP BY r.id, c.name
"""
STEPS = [
    ("return.requested", gettext_lazy("Returns to allow"), "'requested'", "", {"approver", "manager"},
     gettext_lazy("Allow or refuse the return"), gettext_lazy("The decision of somebody else than who asked.")),
    ("return.not_here", gettext_lazy("Returns that do not come"), "'authorised', 'in_transit'",
     "AND rl.changed_at < now() - interval '14 days'", {"manager"},
     gettext_lazy("Ask the customer, or withdraw the return"), gettext_lazy("The goods arrive, or the return is withdrawn.")),
    ("return.uninspected", gettext_lazy("Returned goods to look at"), "'received', 'inspected'", "", {"warehouse"},
     gettext_lazy("Inspect the goods and say where they go"), gettext_lazy("Inspection and disposal of all lines.")),
    ("return.unsettled", gettext_lazy("Returns to settle"), "'dispositioned'", "", {"finance"},
     gettext_lazy("Credit, refund or replace"), gettext_lazy("Every line is settled.")),
]  # fmt: skip

PROBLEMS = [
    ProblemKind(
        code=code, label=label, sql=WAITING.format(statuses=statuses, also=also),
        sentence=lambda facts: _("%(customer)s: %(lines)s lines.") % facts, action=action, page="orders:return-detail",
        roles=frozenset(roles), clears=clears,
    )
    for code, label, statuses, also, roles, action, clears in STEPS
]  # fmt: skip
PROBLEMS.append(
    ProblemKind(
        code="return.uncredited", label=gettext_lazy("Settled returns without a credit note"), sql=UNCREDITED,
        sentence=lambda facts: _("%(customer)s: the goods of %(lines)s lines are not invoiced yet.") % facts,
        action=gettext_lazy("See why the shipment is not invoiced"), page="orders:return-detail", roles=frozenset({"finance"}),
        clears=gettext_lazy("The invoice; the credit note follows by itself."),
    )
)  # fmt: skip
