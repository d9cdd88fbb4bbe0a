"""Invariants that did not hold when they were last looked at."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind
from reporting.operations.selectors import VERIFY

BROKEN = f"""
SELECT 'invariant' AS subject_kind, j.id * 1000 + b.n AS subject_id, b.row ->> 0 AS number, NULL::bigint AS customer_id, NULL::bigint AS location_id,
       j.finished_at AS since, NULL::numeric AS amount, '' AS currency, jsonb_build_object('statement', b.row ->> 2, 'rows', b.row -> 3) AS facts
FROM (SELECT * FROM oms_job WHERE kind = '{VERIFY}' AND state = 'done' ORDER BY id DESC LIMIT 1) j,
     jsonb_array_elements(j.result -> 'broken') WITH ORDINALITY AS b(row, n)
"""

PROBLEMS = [
    ProblemKind(
        code="operations.invariant", label=gettext_lazy("Books that contradict themselves"), sql=BROKEN,
        sentence=lambda facts: _("It does not hold that %(statement)s (%(rows)s rows).") % facts,
        action=gettext_lazy("Look at the rows with manage.py verify, and find out what wrote them"), page="reporting:operations-invariant", roles=frozenset({"administrator"}),
        clears=gettext_lazy("The next look finds that it holds."),
    ),
]  # fmt: skip
