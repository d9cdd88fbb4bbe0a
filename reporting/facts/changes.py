"""Targets are changed by two persons: a manager proposes, finance confirms."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.territory.models import Post
from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from oms.kernel.errors import Stale
from reporting.facts.models import Target
from reporting.facts.services import write_target


@change_kind("reporting.target", gettext_lazy("Target"), propose="reporting.propose_target", confirm="reporting.confirm_target")
def set_target(change: ChangeRequest) -> Target:
    """Write the target, unless it changed since it was proposed (Stale `target_changed`)."""
    data = change.data
    month, post = date.fromisoformat(data["month"]), Post.objects.get(code=data["post"])
    standing = Target.objects.filter(
        month=month, post=post, family=data["family"], measure=data["measure"], currency_id=data["currency"]
    ).values_list("amount", flat=True).first()  # fmt: skip
    before = change.before.get("amount")
    if standing != (None if before is None else Decimal(before)):
        raise Stale(_("The target was changed since this was proposed."), code="target_changed", clears=_("Propose it again."))
    return write_target(month, post.pk, data["family"], data["measure"], data["currency"], Decimal(data["amount"]))
