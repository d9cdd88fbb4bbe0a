"""The shipment's status on one screen. A small warehouse may ship what is released without the steps between."""

from oms.kernel.lifecycle import Lifecycle

SHIPMENT = Lifecycle(
    noun="shipment",
    initial=frozenset({"released"}),
    edges={
        "released": frozenset({"picking", "picked", "shipped", "cancelled"}),
        "picking": frozenset({"picked", "cancelled"}),
        "picked": frozenset({"packed", "shipped", "cancelled"}),
        "packed": frozenset({"shipped", "cancelled"}),
        "shipped": frozenset({"delivered"}),
    },
)
