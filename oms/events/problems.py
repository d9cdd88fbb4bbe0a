"""News that was given up after five attempts: nothing follows from it until somebody looks."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

DEAD = """
SELECT 'delivery' AS subject_kind, d.id AS subject_id, d.id::text AS number, NULL::bigint AS customer_id,
       NULL::bigint AS location_id, d.due_at AS since, NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('event', e.name, 'consumer', d.consumer, 'error', left(d.error, 300)) AS facts
FROM oms_delivery d JOIN oms_event e ON e.id = d.event_id WHERE d.status = 'dead'
"""

PROBLEMS = [
    ProblemKind(
        code="news.dead", label=gettext_lazy("News nobody could handle"), sql=DEAD,
        sentence=lambda facts: _("%(consumer)s could not handle %(event)s: %(error)s") % facts, action=gettext_lazy("Clear the cause, then have it tried again"),
        page="admin:oms_delivery_change", roles=frozenset({"manager", "administrator"}), clears=gettext_lazy("One good attempt."),
    ),
]  # fmt: skip
