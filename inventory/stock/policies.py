"""Who may post stock (RELIABILITY.md section 3): warehouse staff at their own locations; managers read."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.selectors import is_staff_of
from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def _own_location(actor: Any, location_id: Any) -> Forbidden | None:
    """Warehouse staff post for the locations they work at; None asks for no location yet (an empty form)."""
    if actor.is_system or location_id is None or is_staff_of(actor, location_id):
        return None
    return Forbidden(
        _("You may post stock only where you work."),
        code="not_own_location",
        location_id=location_id,
        clears=_("Ask an administrator to assign you to this location."),
    )


def _own_or_manager(actor: Any, location_id: Any) -> Forbidden | None:
    return None if Role.MANAGER in actor.roles else _own_location(actor, location_id)


policy("stock.receive", {Role.WAREHOUSE}, unless=_own_location)
policy("stock.put_away", {Role.WAREHOUSE}, unless=_own_location)
policy("stock.adjust", {Role.WAREHOUSE}, unless=_own_location)
policy("stock.propose_adjustment", {Role.WAREHOUSE})
policy("stock.confirm_adjustment", {Role.MANAGER})
policy("stock.transfer", {Role.WAREHOUSE}, unless=_own_location)
policy("stock.count", {Role.WAREHOUSE}, unless=_own_location)
policy("stock.expect_receipt", {Role.WAREHOUSE, Role.MANAGER}, unless=_own_or_manager)
policy("stock.set_safety", {Role.MANAGER})
policy("stock.set_opening", set())
policy("stock.close_day", set())
policy("stock.read", {Role.WAREHOUSE, Role.MANAGER})
policy("stock.read_cost", {Role.MANAGER})
policy("stock.read_availability", {Role.SALES, Role.APPROVER, Role.MANAGER, Role.WAREHOUSE})
