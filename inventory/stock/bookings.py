"""Who knows the live bookings. Stock counts them when it rebuilds a cell, and knows no orders: readers register here.

A reader takes (product id, location id) pairs and returns (product id, location id, day, quantity) of every live
booking of them; several rows a day are fine. It is called with the cells locked, in their transaction, so it must
not return what that transaction has written and will still book relatively.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date

from oms.kernel.rooms import modules

Pair = tuple[int, int]
LiveBooking = tuple[int, int, date, int]
Reader = Callable[[Collection[Pair]], Iterable[LiveBooking]]

_readers: list[Reader] = []


def register(reader: Reader) -> Reader:
    """Add a reader (from a room's `receivers` module); each once."""
    assert reader not in _readers, f"{reader} reads bookings twice"
    _readers.append(reader)
    return reader


def _load() -> None:
    modules("receivers")


def live(pairs: Collection[Pair]) -> list[LiveBooking]:
    """Every live booking of the cells, from all readers."""
    _load()
    return [booking for reader in _readers for booking in reader(pairs)]
