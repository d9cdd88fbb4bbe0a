"""Who asks for returns, allows, receives and settles them (RELIABILITY.md section 3)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden
from orders.fulfilment.policies import other_location


def own_request(actor: Any, returned: Any) -> Forbidden | None:
    """Nobody allows what they asked for."""
    if returned is None or actor.pk != returned.requested_by_id:
        return None
    return Forbidden(
        _("Somebody else than who asked for the return allows it."), code="own_request",
        who=_("another approver or manager"), clears=_("Ask a colleague who may allow returns."),
    )  # fmt: skip


policy("returns.request", {Role.SALES, Role.APPROVER, Role.MANAGER, Role.PARTNER})
policy("returns.authorise", {Role.APPROVER, Role.MANAGER}, unless=own_request)
policy("returns.send", {Role.SALES, Role.MANAGER, Role.PARTNER, Role.WAREHOUSE})
policy("returns.receive", {Role.WAREHOUSE}, unless=other_location)
policy("returns.inspect", {Role.WAREHOUSE}, unless=other_location)
policy("returns.settle", {Role.FINANCE})
policy("returns.credit", {Role.FINANCE})
