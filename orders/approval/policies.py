"""Who may approve (RELIABILITY.md section 3, I24): never what one entered or submitted, and only up to one's limit."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def own_order(actor: Any, order: Any) -> Forbidden | None:
    """Refuses whoever entered, submitted or amended the order, at any amount."""
    if order is None or actor.pk not in (order.entered_by_id, order.submitted_by_id, *order.amended_by):
        return None
    return Forbidden(
        _("Nobody approves what they entered, submitted or amended."),
        code="own_order",
        who=_("another approver or manager"),
        clears=_("Ask a colleague who did not enter it."),
    )


policy("orders.approve", {"approver", "manager"}, unless=own_order)
policy("orders.propose_policy", {"manager", "administrator"})
policy("orders.confirm_policy", {"manager", "administrator"})
