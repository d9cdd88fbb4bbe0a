"""The status of a return's line on one screen. The database's trigger is made from the same table."""

from oms.kernel.lifecycle import Lifecycle

RETURN = Lifecycle(
    noun="return line",
    initial=frozenset({"requested"}),
    edges={
        "requested": frozenset({"authorised", "refused", "withdrawn"}),
        "authorised": frozenset({"in_transit", "received", "withdrawn"}),
        "in_transit": frozenset({"received", "withdrawn"}),
        "received": frozenset({"inspected"}),
        "inspected": frozenset({"dispositioned"}),
        "dispositioned": frozenset({"settled"}),
    },
)
