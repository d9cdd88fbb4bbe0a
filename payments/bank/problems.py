"""Money on the bank account that nobody has explained yet."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind
from payments.bank.selectors import GAPS

UNMATCHED = """
SELECT 'bank_line' AS subject_kind, l.id AS subject_id, l.id::text AS number, NULL::bigint AS customer_id,
       NULL::bigint AS location_id, l.recorded_at AS since, l.amount - l.matched AS amount, l.currency_id AS currency,
       jsonb_build_object('from', l.counterparty, 'text', left(l.text, 80)) AS facts
FROM payments_bankline l WHERE l.amount > l.matched
"""

QUARANTINED = """
SELECT 'bank_statement' AS subject_kind, s.id AS subject_id, s.id::text AS number, NULL::bigint AS customer_id,
       NULL::bigint AS location_id, e.recorded_at AS since, q.missing AS amount, a.currency_id AS currency,
       jsonb_build_object('number', s.number, 'missing', q.missing::text, 'flaw', s.flaw) AS facts
FROM (SELECT id, difference AS missing FROM payments_bankstatement WHERE difference <> 0 OR flaw <> ''
      UNION ALL SELECT id, gap FROM (""" + GAPS.format(also="AND s.difference = 0 AND s.flaw = ''") + """) g) q
JOIN payments_bankstatement s ON s.id = q.id JOIN payments_bankaccount a ON a.id = s.account_id JOIN oms_event e ON e.id = s.event_id
WHERE NOT EXISTS (SELECT 1 FROM payments_statementrelease r WHERE r.statement_id = s.id)
"""

# A refund that was decided and that the bank did not show within some days: nobody paid it, or nobody tied it to its line.
UNSEEN = """
SELECT 'refund' AS subject_kind, r.id AS subject_id, r.number, r.customer_id, NULL::bigint AS location_id, r.recorded_at AS since, r.amount,
       r.currency_id AS currency, jsonb_build_object('number', r.number, 'customer', c.name, 'day', r.refund_date) AS facts
FROM payments_refund r JOIN customers_customer c ON c.id = r.customer_id
WHERE r.recorded_at < now() - interval '7 days' AND NOT EXISTS (SELECT 1 FROM payments_paidout o WHERE o.refund_id = r.id AND NOT o.undone)
"""

PROBLEMS = [
    ProblemKind(
        code="bank.refund_unseen", label=gettext_lazy("Refund not seen at the bank"), sql=UNSEEN,
        sentence=lambda facts: _("%(number)s to %(customer)s, decided on %(day)s, did not leave yet.") % facts,
        action=gettext_lazy("Pay it, or tie it to its bank line"), page="payments:refund-detail", roles=frozenset({"finance"}),
        clears=gettext_lazy("The bank's line with which it left is matched to it."),
    ),
    ProblemKind(
        code="bank.quarantined", label=gettext_lazy("Statement that does not add up"), sql=QUARANTINED,
        sentence=lambda facts: (_("Statement %(number)s: %(flaw)s.") if facts["flaw"] else _("Statement %(number)s: %(missing)s is not explained.")) % facts,
        action=gettext_lazy("Look at the statement"),
        page="payments:statement-detail", roles=frozenset({"finance"}),
        clears=gettext_lazy("The statement in between comes in, or finance releases it with a reason."),
    ),
    ProblemKind(
        code="bank.unmatched", label=gettext_lazy("Unmatched money"), sql=UNMATCHED,
        sentence=lambda facts: _("From %(from)s: %(text)s") % facts, action=gettext_lazy("Match it"), page="payments:bank-line",
        roles=frozenset({"finance"}), clears=gettext_lazy("Apply it to invoices or put it on account."),
    ),
]  # fmt: skip
