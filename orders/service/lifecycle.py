"""The status of a case on one screen. The database's trigger is made from the same table."""

from oms.kernel.lifecycle import Lifecycle

CASE = Lifecycle(
    noun="case",
    initial=frozenset({"open"}),
    edges={
        "open": frozenset({"waiting", "resolved", "merged"}),
        "waiting": frozenset({"open", "resolved", "merged"}),
        "resolved": frozenset({"open", "merged"}),
    },
)
