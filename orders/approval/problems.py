"""Orders that nobody decided in time: shown to who stands above the approver (PRODUCT.md section 2)."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

UNDECIDED = """
SELECT 'order' AS subject_kind, o.id AS subject_id, o.number, o.customer_id, NULL::bigint AS location_id, o.undecided_since AS since,
       o.net AS amount, o.currency_id AS currency, jsonb_build_object('hours', p.escalate_hours) AS facts
FROM orders_order o JOIN orders_approvalpolicy p ON p.version = o.policy_version
WHERE o.undecided_since IS NOT NULL AND o.status IN ('submitted', 'approved')
  AND o.undecided_since < now() - make_interval(hours => p.escalate_hours)
"""

PROBLEMS = [
    ProblemKind(
        code="approval.overdue", label=gettext_lazy("Undecided for too long"), sql=UNDECIDED,
        sentence=lambda facts: _("Nobody decided it within %(hours)s hours.") % facts,
        action=gettext_lazy("Decide it, or have it decided"), page="orders:order-detail", roles=frozenset({"manager"}),
        clears=gettext_lazy("It is approved, cut, rejected, recalled or cancelled."),
    ),
]  # fmt: skip
