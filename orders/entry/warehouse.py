"""Who takes goods back from the warehouse. Entry knows no shipments: the room that makes them registers here.

The taker gets a locked order and {line id: units}; it takes that much off allocations and shipments that did not leave,
latest ship day first, picked goods only with `picked` (they stand blocked until put back), and returns what it took.
Availability is given back; planning the order anew is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from oms.kernel.rooms import modules


class Taker(Protocol):
    def __call__(self, order_id: int, units: Mapping[int, int], event_id: int, *, picked: bool = False) -> dict[int, int]: ...


Locker = Callable[[int], object]

_takers: list[tuple[Taker, Locker]] = []


def register(taker: Taker, locker: Locker) -> None:
    """Set the taker, and who locks an order's shipments for it (from a room's `receivers` module), once."""
    assert not _takers, "two rooms take goods back"
    _takers.append((taker, locker))


def hold_still(order_id: int) -> None:
    """Lock the (locked) order's shipments that did not leave, before the credit account is: the house's lock order."""
    modules("receivers")
    _takers[0][1](order_id)


def take_back(order_id: int, units: Mapping[int, int], event_id: int, *, picked: bool = False) -> dict[int, int]:
    """{line id: units} taken back of what was asked; see the module's docstring."""
    modules("receivers")
    return _takers[0][0](order_id, units, event_id, picked=picked) if units else {}


