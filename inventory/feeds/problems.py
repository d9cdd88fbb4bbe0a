"""Feeds that need a person: messages in quarantine, a gap that does not close, numbers that were used before."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.feeds.selectors import sentence
from oms.kernel.problems import ProblemKind

QUARANTINED = """
SELECT 'feed_message' AS subject_kind, m.id AS subject_id, m.id::text AS number, NULL::bigint AS customer_id, m.location_id, m.received_at AS since,
       NULL::numeric AS amount, '' AS currency, jsonb_build_object('feed', f.name, 'seq', m.seq, 'finding', m.findings -> 0) AS facts
FROM inventory_feedmessage m JOIN inventory_feed f ON f.id = m.feed_id WHERE m.state = 'quarantined'
"""
GAP = """
SELECT 'feed' AS subject_kind, f.id AS subject_id, f.code AS number, NULL::bigint AS customer_id, NULL::bigint AS location_id, f.waiting_since AS since,
       NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('feed', f.name, 'next', f.next_seq, 'waiting', (
           SELECT count(*) FROM inventory_feedmessage m WHERE m.feed_id = f.id AND m.epoch = f.epoch AND m.state = 'waiting')) AS facts
FROM inventory_feed f WHERE f.waiting_since < now() - interval '60 seconds'
"""
IGNORED = """
SELECT 'feed_numbers' AS subject_kind, f.id AS subject_id, f.code AS number, NULL::bigint AS customer_id, NULL::bigint AS location_id, f.heard_at AS since,
       NULL::numeric AS amount, '' AS currency, jsonb_build_object('feed', f.name, 'ignored', f.ignored) AS facts
FROM inventory_feed f WHERE f.ignored > 0
"""
ROLES = frozenset({"warehouse", "manager"})

PROBLEMS = [
    ProblemKind(
        code="feed.quarantined", label=gettext_lazy("Warehouse messages in quarantine"), sql=QUARANTINED,
        sentence=lambda facts: _("%(feed)s, message %(seq)s: %(why)s") % {**facts, "why": sentence(facts["finding"])},
        action=gettext_lazy("Say what the code means and post it, or discard it"), page="inventory:feed-message", roles=ROLES,
        clears=gettext_lazy("The message is posted or discarded."),
    ),
    ProblemKind(
        code="feed.gap", label=gettext_lazy("Warehouse messages behind a gap"), sql=GAP,
        sentence=lambda facts: _("%(feed)s: message %(next)s did not come, %(waiting)s wait behind it.") % facts,
        action=gettext_lazy("Ask the warehouse to send it, or give it up"), page="inventory:feed-detail", roles=ROLES,
        clears=gettext_lazy("The missing message comes, or is given up."),
    ),
    ProblemKind(
        code="feed.numbers", label=gettext_lazy("Warehouse messages with used numbers"), sql=IGNORED,
        sentence=lambda facts: _("%(feed)s: %(ignored)s messages had a number or id of another message and were ignored.") % facts,
        action=gettext_lazy("Ask whether its numbers began anew and let them, or say that nothing is missing"), page="inventory:feed-detail", roles=frozenset({"manager"}),
        clears=gettext_lazy("The numbers of the feed begin anew, or somebody says why nothing is missing."),
    ),
]  # fmt: skip
