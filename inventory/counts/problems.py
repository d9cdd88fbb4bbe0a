"""Counts that wait: sheets nobody finishes, and differences worth more than the location's limit."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

REVIEW = """
SELECT 'count_sheet' AS subject_kind, s.id AS subject_id, s.number, NULL::bigint AS customer_id, NULL::bigint AS location_id,
       s.posted_at AS since, s.value AS amount, '' AS currency,
       jsonb_build_object('location', l.name, 'who', u.username) AS facts
FROM inventory_countsheet s JOIN inventory_storagelocation l ON l.id = s.location_id JOIN oms_user u ON u.id = s.posted_by_id
WHERE s.status = 'posted' AND s.reviewed_by_id IS NULL AND s.value > s.value_limit
"""
OLD = """
SELECT 'count_sheet' AS subject_kind, s.id AS subject_id, s.number, NULL::bigint AS customer_id, s.location_id, s.opened_at AS since,
       NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('location', l.name, 'counted', (SELECT count(*) FROM inventory_countsheetline x WHERE x.sheet_id = s.id AND x.quantity IS NOT NULL),
                          'places', (SELECT count(*) FROM inventory_countsheetline x WHERE x.sheet_id = s.id)) AS facts
FROM inventory_countsheet s JOIN inventory_storagelocation l ON l.id = s.location_id
WHERE s.status = 'open' AND s.opened_at < now() - interval '3 days'
"""

PROBLEMS = [
    ProblemKind(
        code="count.review", label=gettext_lazy("Counts that differ by much"), sql=REVIEW,
        sentence=lambda facts: _("At %(location)s, posted by %(who)s.") % facts, action=gettext_lazy("Look at the differences"),
        page="inventory:count-detail", roles=frozenset({"manager"}), clears=gettext_lazy("Somebody else than who posted it has looked at it."),
    ),
    ProblemKind(
        code="count.old", label=gettext_lazy("Counts nobody finishes"), sql=OLD,
        sentence=lambda facts: _("At %(location)s: %(counted)s of %(places)s places counted.") % facts,
        action=gettext_lazy("Count the rest and post it, or cancel it"), page="inventory:count-detail", roles=frozenset({"warehouse"}),
        clears=gettext_lazy("The sheet is posted or cancelled."),
    ),
]  # fmt: skip
