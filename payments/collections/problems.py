"""Money in collectors' hands for more than three days, and cheques the bank returned."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

IN_HAND = """
SELECT 'receipt' AS subject_kind, r.id AS subject_id, r.number, r.customer_id, NULL::bigint AS location_id,
       r.received_date::timestamptz AS since, r.amount, r.currency_id AS currency, jsonb_build_object('collector', u.username) AS facts
FROM payments_collectionreceipt r JOIN oms_user u ON u.id = r.collector_id
WHERE r.state IN ('hand', 'deposited') AND r.received_date < current_date - 3
"""

PROBLEMS = [
    ProblemKind(
        code="receipt.in_hand", label=gettext_lazy("Collected, not banked"), sql=IN_HAND,
        sentence=lambda facts: _("%(collector)s holds collected money.") % facts, action=gettext_lazy("Bank it"),
        page="payments:receipt-detail", roles=frozenset({"finance"}), clears=gettext_lazy("Its bank line, or a loss note by two persons."),
    ),
]  # fmt: skip
