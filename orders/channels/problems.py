"""Messages that wait for a person, and replies nobody fetches."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind
from orders.channels.selectors import sentence

QUARANTINED = """
SELECT 'message' AS subject_kind, m.id AS subject_id, m.number, p.customer_id, NULL::bigint AS location_id, m.received_at AS since,
       NULL::numeric AS amount, '' AS currency, jsonb_build_object('partner', p.name, 'order', m.external_id, 'finding', m.findings -> 0) AS facts
FROM orders_message m JOIN orders_tradingpartner p ON p.id = m.partner_id WHERE m.state = 'quarantined' AND p.customer_id IS {which} NULL
"""
KINDS = [
    ("channel.quarantined", "NOT", frozenset({"sales", "manager"})),
    ("channel.quarantined_of_many", "", frozenset({"manager"})),
]
LABELS = {"channel.quarantined": gettext_lazy("Messages in quarantine"), "channel.quarantined_of_many": gettext_lazy("Messages in quarantine, buyer open")}

PROBLEMS = [
    ProblemKind(
        code=code, label=LABELS[code], sql=QUARANTINED.format(which=which),
        sentence=lambda facts: _("%(partner)s, order %(order)s: %(why)s") % {**facts, "order": facts["order"] or "–", "why": sentence(facts["finding"])},
        action=gettext_lazy("Say what the code means, correct it, or discard it"), page="orders:message-detail", roles=roles,
        clears=gettext_lazy("The message is entered or discarded."),
    )
    for code, which, roles in KINDS
]  # fmt: skip

OFF = """
SELECT 'webhook' AS subject_kind, e.id AS subject_id, e.id::text AS number, u.customer_id, NULL::bigint AS location_id,
       coalesce(e.failing_since, e.created_at) AS since, NULL::numeric AS amount, '' AS currency,
       jsonb_build_object('url', e.url, 'waiting', (SELECT count(*) FROM orders_webhookdelivery d WHERE d.endpoint_id = e.id AND d.status = 'new')) AS facts
FROM orders_webhookendpoint e LEFT JOIN customers_customeruser u ON u.user_id = e.user_id WHERE NOT e.active AND e.failing_since IS NOT NULL
"""
PROBLEMS.append(
    ProblemKind(
        code="webhook.off", label=gettext_lazy("Webhooks switched off"), sql=OFF,
        sentence=lambda facts: _("%(url)s took nothing for days and was switched off; %(waiting)s deliveries wait.") % facts,
        action=gettext_lazy("Ask the partner, then switch it on again"), page="admin:orders_webhookendpoint_change", roles=frozenset({"administrator"}),
        clears=gettext_lazy("It is switched on and takes a delivery."),
    )
)  # fmt: skip
