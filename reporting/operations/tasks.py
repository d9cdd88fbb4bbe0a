"""Each night all invariants are looked at; what does not hold is a problem of the administrator's."""

from __future__ import annotations

from typing import Any

from oms.events.verification import verify
from oms.jobs.registry import Running, job
from reporting.operations.selectors import VERIFY


@job(VERIFY, daily_at="03:40")
def verify_all(running: Running) -> dict[str, Any]:
    """Every invariant and the chain of events, on a snapshot."""
    checks, broken = 0, []
    for outcome in verify():
        checks += 1
        running.progress(checks, checks)
        if outcome.bad:
            broken.append([outcome.code, outcome.room, str(outcome.statement), outcome.bad])
    return {"checks": checks, "broken": broken}
