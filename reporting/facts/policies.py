"""Who may read figures, close a period, propose and confirm targets (RELIABILITY.md section 3)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from customers.territory.models import PostHolding
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def own_post(actor: Any, post_id: Any) -> Forbidden | None:
    """Nobody proposes the target of a post they hold."""
    if post_id is None or actor.is_system:
        return None
    if not PostHolding.objects.filter(user_id=actor.pk, post_id=post_id, during__contains=timezone.localdate()).exists():
        return None
    return Forbidden(_("Nobody proposes the target of a post they hold."), code="own_post",
                     who=_("another manager"), clears=_("Ask the manager above you."))


policy("reporting.see_performance", {"sales", "approver", "manager", "finance"})
policy("reporting.see_margin", {"manager", "finance"})
policy("reporting.close_period", {"finance"})
policy("reporting.propose_target", {"manager"}, unless=own_post)
policy("reporting.confirm_target", {"finance"})
policy("reporting.import_targets", set())
policy("reporting.count", set())
