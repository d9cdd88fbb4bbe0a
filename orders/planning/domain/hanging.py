"""Which bookings hang on a supply: those that are no longer covered without it, the lowest ranks first. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from inventory.stock.domain import Cell, booking_delta


def uncovered(supply: Cell, bookings: Iterable[tuple[tuple[Any, ...], date, int]]) -> list[int]:
    """Units of each booking (rank key, ship day, quantity) that the supply does not cover, higher ranks served first.

    `supply` has nothing booked. Answers in the order given.
    """
    rows = list(bookings)
    short = [0] * len(rows)
    free: Sequence[int] = supply.free
    for n in sorted(range(len(rows)), key=lambda i: rows[i][0]):
        _key, day, quantity = rows[n]
        covered = min(quantity, max(0, Cell(supply.days, tuple(free)).available(day)))
        short[n] = quantity - covered
        free = [f + d for f, d in zip(free, booking_delta(supply.days, day, covered), strict=True)]
    return short


def without(supply: Cell, day: date, quantity: int, later: date | None = None) -> Cell:
    """The supply when `quantity` of it does not come on `day`, or comes `later` instead."""
    days = tuple(sorted({*supply.days, *([later] if later else [])}))
    free = []
    for d in days:
        known = supply.free[max(i for i, x in enumerate(supply.days) if x <= d)]
        free.append(known - (quantity if d >= day else 0) + (quantity if later and d >= later else 0))
    return Cell(days, tuple(free))
