"""Who may release which hold (RELIABILITY.md section 3): the hold's owner role, and managers for all but credit."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def not_owner(actor: Any, hold: Any) -> Forbidden | None:
    """Refuses whoever is not of the role that owns this kind of hold."""
    if actor.is_system or hold is None or hold.owner in actor.roles:
        return None
    return Forbidden(
        _("A %(kind)s hold is released by %(owner)s.")
        % {"kind": hold.get_kind_display().lower(), "owner": hold.get_owner_display().lower()},
        code="hold_owner",
        who=hold.get_owner_display(),
        clears=_("Ask %(owner)s to release it.") % {"owner": hold.get_owner_display().lower()},
    )


policy("orders.release_hold", {"approver", "manager", "finance"}, unless=not_owner)
policy("orders.place_hold", {"approver", "manager", "finance"})
policy("orders.set_quotas", {"manager", "administrator"})
