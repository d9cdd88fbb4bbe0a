"""Who sends for a warehouse, who reads what came, who repairs it. Which messages: selectors.visible_messages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def _own_feed(actor: Any, feed: Any) -> Forbidden | None:
    """A warehouse's machine sends for its own feed; None asks for no feed yet."""
    if actor.is_system or feed is None or feed.user_id == actor.pk:
        return None
    return Forbidden(_("This feed is another's."), code="not_own_feed", clears=_("Use the key of the feed's own user."))


policy("feeds.send", {Role.WAREHOUSE}, unless=_own_feed)
policy("feeds.see", {Role.WAREHOUSE, Role.MANAGER})
policy("feeds.repair", {Role.WAREHOUSE, Role.MANAGER})
policy("feeds.discard", {Role.MANAGER})
policy("feeds.reset", {Role.MANAGER})
policy("feeds.run", set())
policy("feeds.connect", {Role.ADMINISTRATOR})
