"""A new version of the approval policy takes two persons."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind
from orders.approval.models import ApprovalPolicy
from orders.approval.services import activate_policy


@change_kind("orders.policy", gettext_lazy("Approval policy"), propose="orders.propose_policy", confirm="orders.confirm_policy")
def policy(change: ChangeRequest) -> ApprovalPolicy:
    """Activate it."""
    return activate_policy(change)
