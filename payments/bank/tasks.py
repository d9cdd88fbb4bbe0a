"""Work of the bank: post what is certain of a statement."""

from __future__ import annotations

from oms.jobs.registry import Running, job
from payments.bank.selectors import open_lines, quarantined
from payments.bank.services import post_certain


@job("payments.match")
def match_statement(running: Running) -> dict[str, int]:
    """The rule over one statement's open lines; run again it goes on with what is left."""
    if missing := quarantined([running.params["statement"]]):
        return {"posted": 0, "left": open_lines().filter(statement_id__in=missing).count(), "lost": 0}
    lines = list(open_lines().filter(statement_id=running.params["statement"]))
    result = post_certain(lines, by=running.by, progress=running.progress)
    return {"posted": result.posted, "left": result.left, "lost": result.lost}
