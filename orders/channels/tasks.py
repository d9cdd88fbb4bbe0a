"""What the worker does with messages: enter them one by one, each in transactions of its own."""

from __future__ import annotations

from datetime import timedelta

from oms.jobs.registry import Running, job
from oms.jobs.services import enqueue
from orders.channels.models import Message
from orders.channels.services import due_endpoints, enter, send_to
from orders.channels.services.receiving import PROCESS


@job(PROCESS)
def process(running: Running) -> dict[str, int]:
    """Every waiting message of a transmission, in its order, or one that is tried again; running twice enters nothing twice."""
    asked = running.params
    rows = Message.objects.filter(transmission_id=asked["transmission"]) if "transmission" in asked else Message.objects.filter(pk=asked["message"])
    waiting = list(rows.filter(state="new").order_by("position").values_list("pk", flat=True))
    states: dict[str, int] = {}
    for n, message in enumerate(waiting, 1):
        state = enter(message, by=running.by)
        states[state] = states.get(state, 0) + 1
        running.progress(n, len(waiting))
    return states


@job("channels.webhooks", every=timedelta(minutes=1))
def webhooks(running: Running) -> dict[str, int]:
    """A job of its own for every endpoint with something to send: a slow one keeps nobody else waiting."""
    endpoints = due_endpoints()
    for endpoint in endpoints:
        enqueue("channels.webhooks_to", f"{endpoint}-{running.slot}", by=running.by, params={"endpoint": endpoint})
    return {"endpoints": len(endpoints)}


@job("channels.webhooks_to")
def webhooks_to(running: Running) -> dict[str, int]:
    """Send to one endpoint what is due."""
    return {"sent": send_to(running.params["endpoint"], by=running.by)}
