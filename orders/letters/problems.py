"""Mail that did not arrive, or may not have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.kernel.problems import ProblemKind

# What was sent again stands for what failed; "nobody" ends when the customer has a contact with an address.
TROUBLE = """
SELECT 'mail' AS subject_kind, m.id AS subject_id, m.id::text AS number, m.customer_id, NULL::bigint AS location_id, m.created_at AS since,
       NULL::numeric AS amount, '' AS currency, jsonb_build_object('title', m.title, 'status', m.status, 'error', m.error) AS facts
FROM oms_mail m
WHERE m.status IN ('failed', 'unknown', 'nobody') AND NOT EXISTS (SELECT 1 FROM oms_mail a WHERE a.resent_of_id = m.id)
  AND NOT (m.status = 'nobody' AND EXISTS (SELECT 1 FROM customers_contact c WHERE c.customer_id = m.customer_id AND c.email <> ''))
"""


def sentence(facts: Mapping[str, Any]) -> str:
    """What became of it."""
    words = {"failed": _("%(title)s: the mail was refused. %(error)s"), "unknown": _("%(title)s: nobody knows whether the mail left."), "nobody": "%(title)s"}
    return words[facts["status"]] % facts


PROBLEMS = [
    ProblemKind(
        code="mail.undelivered", label=gettext_lazy("Mail that did not reach the customer"), sql=TROUBLE, sentence=sentence,
        action=gettext_lazy("Correct the address and send it again"), page="orders:letter-detail", roles=frozenset({"sales", "manager"}),
        clears=gettext_lazy("The mail sent again, or a contact with an address."),
    ),
]  # fmt: skip
