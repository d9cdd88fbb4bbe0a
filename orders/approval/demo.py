"""The practice company's approval policy."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from oms.accounts.models import User
from oms.events.services import command
from orders.approval.models import ApprovalPolicy

STEP = 50


def fill(by: Any) -> None:
    """Up to 1,000 approves itself, an approver decides up to 10,000, margin at least 20 %."""
    with command("demo.policy", by=by) as cmd:
        cmd.event("policy.activated", [("user", by.pk)], {"version": 1})
        ApprovalPolicy.objects.create(
            version=1, active_from=datetime(2026, 1, 1, tzinfo=UTC), auto_limit=1_000, auto_max_discount=Decimal("0.05"),
            minimum_margin=Decimal("0.2"), approver_limit=10_000, proposed_by=User.objects.get(username="marc"),
        )  # fmt: skip
