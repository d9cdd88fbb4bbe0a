"""Open holds: each kind is cleared by its own role (orders.holds.choices.OWNERS)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind
from orders.holds.choices import OWNERS, STEPS, HoldKind

SQL = """
SELECT 'hold' AS subject_kind, h.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id, h.opened_at AS since,
       h.amount, o.currency_id AS currency, jsonb_build_object('reason', h.reason) AS facts
FROM orders_hold h JOIN orders_order o ON o.id = h.order_id
WHERE h.released_at IS NULL AND h.kind = '{kind}' AND o.status IN ('submitted', 'approved')
"""


def sentence(kind: HoldKind) -> Any:
    """What the hold stops and why."""
    stops = STEPS[kind]

    def said(facts: Mapping[str, Any]) -> str:
        return _("Stops: %(steps)s. %(reason)s") % {
            "steps": ", ".join(str(step.label).lower() for step in stops), "reason": facts["reason"]}  # fmt: skip

    return said


PROBLEMS = [
    ProblemKind(
        code=f"hold.{kind.value}", label=gettext_lazy("Hold: %(kind)s") % {"kind": kind.label}, sql=SQL.format(kind=kind.value),
        sentence=sentence(kind), action=gettext_lazy("Release the hold or cancel the order"), page="orders:order-detail",
        roles=frozenset({OWNERS[kind]}), clears=gettext_lazy("What opened the hold goes away, or who owns it releases it."),
    )
    for kind in HoldKind
]  # fmt: skip

# A step asks the account itself; orders approved before the block carry no hold, and must be seen all the same.
BLOCKED = """
SELECT 'order' AS subject_kind, o.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id, o.approved_at AS since,
       o.total AS amount, o.currency_id AS currency, jsonb_build_object('reason', a.blocked_reason) AS facts
FROM payments_creditaccount a JOIN payments_accountmember m ON m.account_id = a.id
JOIN orders_order o ON o.payer_id = m.customer_id
WHERE a.blocked AND o.status = 'approved'
  AND EXISTS (SELECT 1 FROM orders_orderline x WHERE x.order_id = o.id AND x.kind IN ('goods', 'free', 'replacement')
              AND x.quantity_approved > x.quantity_shipped + x.quantity_allocated)
  AND NOT EXISTS (SELECT 1 FROM orders_hold h WHERE h.order_id = o.id AND h.kind = 'credit' AND h.released_at IS NULL)
"""
PROBLEMS.append(
    ProblemKind(
        code="credit.blocked", label=gettext_lazy("Approved, but the account is blocked"), sql=BLOCKED,
        sentence=lambda facts: _("Nothing is released: the credit account is blocked (%(reason)s).") % facts,
        action=gettext_lazy("Settle it with the customer, or cancel the order"), page="orders:order-detail",
        roles=frozenset({"finance"}), clears=gettext_lazy("Finance unblocks the account, two persons."),
    )
)  # fmt: skip
