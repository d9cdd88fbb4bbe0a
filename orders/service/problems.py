"""Cases whose clock ran out: nobody answered in time, or it is not resolved in time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

LATE = """
SELECT 'case' AS subject_kind, c.id AS subject_id, c.number, c.customer_id, NULL::bigint AS location_id,
       CASE WHEN c.responded_at IS NULL AND c.respond_due < now() THEN c.respond_due ELSE c.resolve_due END AS since,
       c.amount, coalesce(c.currency_id, '') AS currency,
       jsonb_build_object('title', c.title, 'unanswered', c.responded_at IS NULL AND c.respond_due < now()) AS facts
FROM orders_case c
WHERE c.status = 'open' AND (c.resolve_due < now() OR c.responded_at IS NULL AND c.respond_due < now())
"""


def sentence(facts: Mapping[str, Any]) -> str:
    """What ran out."""
    said = _("%(title)s: nobody answered in time.") if facts["unanswered"] else _("%(title)s: not resolved in time.")
    return said % facts


PROBLEMS = [
    ProblemKind(
        code="case.late", label=gettext_lazy("Cases out of time"), sql=LATE, sentence=sentence, action=gettext_lazy("Answer or resolve it"),
        page="orders:case-detail", roles=frozenset({"sales", "manager"}),
        clears=gettext_lazy("An answer, a question to the customer, or the resolution."),
    ),
]  # fmt: skip
