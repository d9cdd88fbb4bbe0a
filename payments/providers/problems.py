"""Charges that no provider answers, and money that lies with a provider for long."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

STUCK = """
SELECT 'charge' AS subject_kind, c.id AS subject_id, c.number, c.customer_id, NULL::bigint AS location_id, c.asked_at AS since, c.amount,
       c.currency_id AS currency, jsonb_build_object('invoice', i.number, 'reason', c.reason) AS facts
FROM payments_providercharge c JOIN payments_invoice i ON i.id = c.invoice_id WHERE c.state IN ('asked', 'capturing', 'voiding') AND c.attempts > 2
"""
WITH_PROVIDER = """
SELECT 'charge' AS subject_kind, c.id AS subject_id, c.number, c.customer_id, NULL::bigint AS location_id, c.asked_at AS since, c.amount,
       c.currency_id AS currency, jsonb_build_object('invoice', i.number, 'reason', '') AS facts
FROM payments_providercharge c JOIN payments_invoice i ON i.id = c.invoice_id
WHERE c.state = 'captured' AND c.asked_at < now() - interval '7 days' OR c.state = 'authorised' AND c.asked_at < now() - interval '5 days'
"""

PROBLEMS = [
    ProblemKind(
        code="charge.unanswered", label=gettext_lazy("Charge without an answer"), sql=STUCK,
        sentence=lambda facts: _("The provider does not answer about %(invoice)s: %(reason)s.") % facts, action=gettext_lazy("Look at the provider"),
        page="payments:charge-detail", roles=frozenset({"finance"}), clears=gettext_lazy("It is asked again by itself until it answers."),
    ),
    ProblemKind(
        code="charge.with_provider", label=gettext_lazy("Money with the provider"), sql=WITH_PROVIDER,
        sentence=lambda facts: _("What was charged for %(invoice)s did not reach the bank.") % facts, action=gettext_lazy("Tie it to its bank line, or capture it"),
        page="payments:charge-detail", roles=frozenset({"finance"}), clears=gettext_lazy("Its bank line, or that it is given up or returned."),
    ),
]  # fmt: skip
