"""Writes of fulfilment: release and ship (shipping), what became of it (arrivals), what no order line covers (discrepancies)."""

from orders.fulfilment.services.arrivals import arrive
from orders.fulfilment.services.clearing import (
    clear_by_approval,
    clear_by_return,
    propose_write_off,
    write_off,
)
from orders.fulfilment.services.discrepancies import Uncovered, record_discrepancies
from orders.fulfilment.services.facts import (
    Adjusted,
    Gone,
    HasShipped,
    LotBlocked,
    Posted,
    Transferred,
    WasCounted,
    post_fact,
)
from orders.fulfilment.services.history import arrived_elsewhere, left_elsewhere
from orders.fulfilment.services.putting_back import put_back
from orders.fulfilment.services.shipping import (
    Pin,
    cancel_shipment,
    deliver,
    free_units,
    pin,
    release,
    ship,
    shrink,
    split_rest,
    take_back,
)
from orders.fulfilment.services.steps import pack, pick, pick_short, to_pick
from orders.fulfilment.services.transit import (
    assume_delivered,
    correct_delivery,
    delivery_failed,
    delivery_return,
    due_to_assume,
    lost,
    moving,
    reverse_shipment,
)
from orders.fulfilment.services.waves import close_wave, fill_wave, open_wave, waves_due

__all__ = [
    "Adjusted", "Gone", "HasShipped", "LotBlocked", "Pin", "Posted", "Transferred", "Uncovered", "WasCounted", "arrive",
    "arrived_elsewhere", "assume_delivered",
    "cancel_shipment", "clear_by_approval", "clear_by_return", "close_wave", "correct_delivery", "deliver", "delivery_failed", "delivery_return",
    "due_to_assume", "fill_wave", "free_units", "left_elsewhere", "lost", "moving", "open_wave", "pack", "pick", "pick_short", "pin", "post_fact", "propose_write_off", "put_back",
    "record_discrepancies", "release", "reverse_shipment", "ship", "shrink", "split_rest", "take_back", "to_pick", "waves_due", "write_off",
]  # fmt: skip
