"""The shipment's status on one screen. A small warehouse may ship what is released without the steps between, and what left has left."""

from oms.kernel.lifecycle import Lifecycle

SHIPMENT = Lifecycle(
    noun="shipment",
    initial=frozenset({"released"}),
    edges={
        "released": frozenset({"picking", "picked", "shipped", "cancelled"}),
        "picking": frozenset({"picked", "shipped", "cancelled"}),
        "picked": frozenset({"packed", "shipped", "cancelled"}),
        "packed": frozenset({"shipped", "cancelled"}),
        "shipped": frozenset({"in_transit", "delivered", "failed", "lost", "reversed"}),
        "in_transit": frozenset({"delivered", "failed", "lost"}),
        "failed": frozenset({"in_transit", "delivered", "lost", "came_back"}),
        "lost": frozenset({"delivered"}),
    },
)
