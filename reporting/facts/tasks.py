"""Figures follow the news by a minute; each night they are compared with the ledgers."""

from __future__ import annotations

from datetime import timedelta

from oms.jobs.registry import Running, job
from reporting.facts.selectors.counting import newest_mark
from reporting.facts.services import count_marked, mark_differing


@job("reporting.figures", every=timedelta(minutes=1))
def figures(running: Running) -> dict[str, int]:
    """Count what is marked, some hundred keys a transaction."""
    return {"counted": count_all(running)}


def count_all(running: Running) -> int:
    """What is marked now, once; what orders that keep coming mark again meanwhile is for the next minute. How many were counted."""
    done, last = 0, newest_mark()
    while counted := count_marked(by=running.by, last=last):
        done += counted
        running.progress(done, done)
    return done


@job("reporting.figures_again", daily_at="02:40")
def figures_again(running: Running) -> dict[str, int]:
    """Whatever no news told of: back-dated owners, corrected facts."""
    found = mark_differing(by=running.by)
    return {"differing": found, "counted": count_all(running)}
