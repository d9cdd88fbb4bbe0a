"""Each night: hand-overs that begin today."""

from __future__ import annotations

from oms.jobs.registry import Running, job
from orders.service.services import pass_on_cases


@job("service.pass_on_cases", daily_at="00:10")
def pass_on(running: Running) -> dict[str, int]:
    """Cases go on to those who hold the posts from today."""
    return {"passed_on": pass_on_cases(by=running.by)}
