"""The state of a warehouse's message on one screen. The database's trigger is made from the same table."""

from oms.kernel.lifecycle import Lifecycle

FEED_MESSAGE = Lifecycle(
    noun="message",
    initial=frozenset({"waiting", "quarantined"}),
    edges={
        "waiting": frozenset({"applied", "quarantined"}),
        "quarantined": frozenset({"applied", "discarded"}),
    },
)
