"""The order's status on one screen (PRODUCT.md section 2). The database's trigger is made from the same table."""

from oms.kernel.lifecycle import Lifecycle

ORDER = Lifecycle(
    noun="order",
    initial=frozenset({"draft", "submitted"}),
    edges={
        "draft": frozenset({"submitted", "discarded"}),
        "submitted": frozenset({"draft", "approved", "rejected", "cancelled"}),
        "approved": frozenset({"completed", "cancelled"}),
        "completed": frozenset({"approved"}),
    },
)
