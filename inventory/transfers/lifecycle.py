"""A transfer's status on one screen. It follows the facts: what left or came in is posted in every status."""

from oms.kernel.lifecycle import Lifecycle

TRANSFER = Lifecycle(
    noun="transfer",
    initial=frozenset({"requested"}),
    edges={
        "requested": frozenset({"in_transit", "differs", "cancelled"}),
        "in_transit": frozenset({"differs", "done"}),
        "differs": frozenset({"in_transit", "done"}),
        "done": frozenset({"in_transit", "differs"}),
        "cancelled": frozenset({"in_transit", "differs"}),
    },
)
