"""Reads for approval: the version of the rules that holds now, and the queue of an approver."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from orders.approval.domain import Band
from orders.approval.models import ApprovalPolicy
from orders.book.choices import OrderStatus
from orders.book.models import Order
from orders.book.selectors import visible_orders


def policy_at(at: datetime) -> ApprovalPolicy:
    """The latest policy active at `at`; without any, a policy that approves nothing and leaves all to managers."""
    found = ApprovalPolicy.objects.filter(active_from__lte=at).order_by("-active_from", "-version").first()
    return found or ApprovalPolicy(version=0, active_from=at, approver_limit=0, claim_days=2)


def band(policy: ApprovalPolicy) -> Band:
    """The policy as the pure rules read it."""
    return Band(
        policy.version,
        policy.auto_limit,
        policy.auto_max_discount,
        policy.minimum_margin,
        policy.approver_limit,
    )


def queue(user: Any) -> QuerySet[Order]:
    """Orders waiting for a decision that `user` may see and did not enter, oldest first."""
    return (
        visible_orders(user)
        .filter(status=OrderStatus.SUBMITTED)
        .exclude(Q(entered_by_id=user.pk) | Q(submitted_by_id=user.pk))
        .order_by("submitted_at", "pk")
    )
