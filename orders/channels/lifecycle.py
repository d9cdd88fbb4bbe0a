"""The state of a received message on one screen. The database's trigger is made from the same table."""

from oms.kernel.lifecycle import Lifecycle

MESSAGE = Lifecycle(
    noun="message",
    initial=frozenset({"new", "quarantined", "noted"}),
    edges={
        "new": frozenset({"entered", "duplicate", "noted", "quarantined"}),
        "quarantined": frozenset({"new", "discarded"}),
        "discarded": frozenset({"new"}),
    },
)
