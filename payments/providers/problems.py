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
BACK = """
SELECT 'charge' AS subject_kind, c.id AS subject_id, c.number, c.customer_id, NULL::bigint AS location_id, g.asked_at AS since, g.amount,
       c.currency_id AS currency, jsonb_build_object('refund', r.number, 'reason', g.reason) AS facts
FROM payments_givenback g JOIN payments_providercharge c ON c.id = g.charge_id JOIN payments_refund r ON r.id = g.refund_id
WHERE g.state = 'asked' AND g.attempts > 2
   OR g.state = 'declined' AND NOT EXISTS (SELECT FROM payments_givenback later WHERE later.refund_id = g.refund_id AND later.id > g.id)
      AND NOT EXISTS (SELECT FROM payments_paidout o WHERE o.refund_id = g.refund_id AND NOT o.undone)
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
    ProblemKind(
        code="charge.not_given_back", label=gettext_lazy("Refunds a provider does not give back"), sql=BACK,
        sentence=lambda facts: _("%(refund)s did not go back through the provider: %(reason)s.") % facts,
        action=gettext_lazy("Pay it by the bank"), page="payments:charge-detail", roles=frozenset({"finance"}),
        clears=gettext_lazy("The provider's answer, or the bank's line with which the refund left."),
    ),
]  # fmt: skip
