"""Who may let others in (RELIABILITY.md section 3): an administrator opens accounts, a manager gives roles."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def _not_own_key(actor: Any, user_id: int) -> Forbidden | None:
    """A partner handles keys of its own account only; `user_id` is the account of the key."""
    if actor.is_system or Role.ADMINISTRATOR in actor.roles or actor.pk == user_id:
        return None
    return Forbidden(_("A partner may handle its own keys only."), code="not_own")


def _own_roles(actor: Any, user_id: int) -> Forbidden | None:
    """Nobody gives roles to themselves."""
    if actor.is_system or actor.pk != user_id:
        return None
    return Forbidden(_("Nobody may give roles to themselves."), code="two_persons", clears=_("Ask another manager."))


policy("access.create_user", {Role.ADMINISTRATOR})
policy("access.grant_roles", {Role.MANAGER}, unless=_own_roles)
policy("access.create_key", {Role.ADMINISTRATOR, Role.PARTNER}, unless=_not_own_key)
policy("access.revoke_key", {Role.ADMINISTRATOR, Role.PARTNER}, unless=_not_own_key)
