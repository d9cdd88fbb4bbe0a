"""What the worker does with feeds: post what waits, as it comes, and once a minute whatever a lost worker left."""

from __future__ import annotations

from datetime import timedelta

from inventory.feeds.selectors import ready_feeds
from inventory.feeds.services import run_feed
from inventory.feeds.services.receiving import RUN
from oms.jobs.registry import Running, job
from oms.jobs.services import enqueue


@job(RUN)
def run(running: Running) -> dict[str, int]:
    """Every message of a feed that is next in its sequence; running twice posts nothing twice."""
    return run_feed(running.params["feed"])


@job("feeds.look", every=timedelta(minutes=1))
def look(running: Running) -> dict[str, int]:
    """A run for every feed whose next message is there."""
    feeds = ready_feeds()
    for feed in feeds:
        enqueue(RUN, f"{feed}-{running.slot}", by=running.by, params={"feed": feed})
    return {"feeds": len(feeds)}
