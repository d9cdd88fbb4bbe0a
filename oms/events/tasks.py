"""What the worker does for events: a doorbell names a consumer, the outbox says what is due."""

from __future__ import annotations

from celery import shared_task
from django.db import connection

from oms.events import outbox, relay
from oms.events.consumers import consumers, subscriptions

WAIT_SECONDS = 10.0


@shared_task(name=relay.DRAIN)
def drain(consumer: str) -> None:
    """Work off what is due for one consumer; what remains after the budget is rung by the relay's sweep."""
    outbox.drain_consumer(consumer)


class DeliveriesFailed(AssertionError):
    """Consumers refused in `drain_all`: the reasons, one a line."""


def drain_all() -> int:
    """Hand out every event raised so far and work off every delivery, here and now, until nothing is due.

    For tests, demo data and imports: needs neither relay nor worker. Inside an open transaction (tests that roll
    back) the outbox is filled from what this transaction sees, and nothing is sealed. Returns the effects made;
    raises DeliveriesFailed when a consumer failed. Other people's open transactions are waited for, at most ten seconds.
    """
    worked, failures = 0, list[str]()
    while True:
        if connection.in_atomic_block:
            _distribute_own()
        else:
            relay.seal_all(WAIT_SECONDS)
        made = 0
        for name in sorted(consumers()):
            effects, reasons = outbox.drain_consumer(name)
            made += effects
            failures += reasons
        worked += made
        if not made:
            break
    if failures:
        raise DeliveriesFailed("\n".join(failures))
    return worked


def _distribute_own() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, name FROM oms_event WHERE name = ANY(%s) "
            "AND xid >= coalesce((SELECT upto_xid FROM oms_seal ORDER BY seq DESC LIMIT 1), '0'::xid8) ORDER BY xid, id",
            [sorted(subscriptions())],
        )
        outbox.distribute(cursor, cursor.fetchall())
