"""Who may write the region tree as a whole, and hand over a post (RELIABILITY.md section 3 and I27)."""

from __future__ import annotations

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from customers.territory.models import PostHolding
from customers.territory.selectors import visible_posts
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def not_below(actor: Any, post_id: Any) -> Forbidden | None:
    """Managers hand over posts below their own; nobody one they hold."""
    if post_id is None or actor.is_system:
        return None
    if PostHolding.objects.filter(user_id=actor.pk, post_id=post_id, during__contains=timezone.now().date()).exists():
        return Forbidden(_("Nobody hands over a post they hold."), code="own_post", who=_("a manager above it"),
                         clears=_("Ask the manager above you."))
    if post_id in visible_posts(actor, delegated=False):  # who stands in for somebody gives nothing away
        return None
    return Forbidden(_("This post is not below yours."), code="not_below", who=_("a manager above it"), clears=_("Ask the manager above it."))


policy("territory.upsert", {"administrator"})
policy("territory.hand_over", {"manager"}, unless=not_below)
policy("territory.delegate", {"sales", "approver", "manager"})
