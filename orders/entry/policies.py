"""Who may enter orders, override prices, take back, amend, reopen, and bring in history (RELIABILITY.md section 3)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def not_theirs(actor: Any, order: Any) -> Forbidden | None:
    """Refuses who neither entered nor submitted the order, unless a manager."""
    if order is None or Role.MANAGER in actor.roles or actor.pk in (order.entered_by_id, order.submitted_by_id):
        return None
    return Forbidden(
        _("An order is recalled by who entered or submitted it, or by a manager."), code="not_theirs",
        who=Role.MANAGER.label, clears=_("Ask them, or a manager."),
    )  # fmt: skip


policy("orders.submit", {"sales", "manager", "partner"})
policy("orders.override_price", {"sales", "approver", "manager"})
policy("orders.recall", {"sales", "manager", "partner"}, unless=not_theirs)
policy("orders.amend", {"sales", "manager", "partner"})
policy("orders.cancel", {"sales", "manager", "partner"})
policy("orders.reopen", {"manager"})
policy("orders.enter_history", {"administrator", "manager"})
