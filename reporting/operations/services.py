"""Ask for a look at all invariants now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.jobs.services import enqueue
from reporting.operations.selectors import VERIFY


@use_case("operations.verify")
def verify_now(*, by: Any, at: datetime | None = None) -> int:
    """A job that checks everything, one a minute at most; its id."""
    authorize(by, "operations.verify")
    return enqueue(VERIFY, f"asked {current().clock:%Y-%m-%d %H:%M}", by=by)
