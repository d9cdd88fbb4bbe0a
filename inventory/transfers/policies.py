"""Who moves goods between locations (RELIABILITY.md section 3): the staff of its two ends; managers ask for it and take it back."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from inventory.catalog.models import LocationStaff
from oms.accounts.choices import Role
from oms.accounts.policies import policy
from oms.kernel.errors import Forbidden


def _refused() -> Forbidden:
    return Forbidden(
        _("You may move goods only from or to where you work."), code="not_own_location", who=_("staff of that location"),
        clears=_("Ask an administrator to assign you to this location."),
    )  # fmt: skip


def _works_at(actor: Any, *location_ids: int) -> bool:
    return (
        actor.is_system
        or LocationStaff.objects.filter(user_id=actor.pk, location_id__in=location_ids).exists()
    )


def _source(actor: Any, transfer: Any) -> Forbidden | None:
    return None if transfer is None or _works_at(actor, transfer.source_id) else _refused()


def _target(actor: Any, transfer: Any) -> Forbidden | None:
    return None if transfer is None or _works_at(actor, transfer.target_id) else _refused()


def _either(actor: Any, transfer: Any) -> Forbidden | None:
    known = (
        transfer is None
        or Role.MANAGER in actor.roles
        or _works_at(actor, transfer.source_id, transfer.target_id)
    )
    return None if known else _refused()


policy("transfers.request", {Role.WAREHOUSE, Role.MANAGER}, unless=_either)
policy("transfers.read", {Role.WAREHOUSE, Role.MANAGER})
policy("transfers.ship", {Role.WAREHOUSE}, unless=_source)
policy("transfers.receive", {Role.WAREHOUSE}, unless=_target)
policy("transfers.propose_give_up", {Role.WAREHOUSE, Role.MANAGER}, unless=_either)
policy("transfers.give_up", {Role.MANAGER, Role.FINANCE})
