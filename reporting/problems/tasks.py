"""Each night: hand-overs that begin today."""

from __future__ import annotations

from oms.jobs.registry import Running, job
from reporting.problems.services import pass_on_claims


@job("reporting.pass_on_claims", daily_at="00:10")
def pass_on(running: Running) -> dict[str, int]:
    """Claims go on to those who hold the posts from today."""
    return {"passed_on": pass_on_claims(by=running.by)}
