"""The order's own rows while it is being placed: what they take, and which shipments are open."""

from __future__ import annotations

from orders.planning.domain.jit import kernel
from orders.planning.domain.state import room
from orders.planning.domain.tables import ROWS, SHIPMENTS, Case, Work


@kernel
def taken(work: Work, cell: int) -> int:
    """What this order's own rows already take from a cell. Only asked when its lines share cells."""
    quantity = 0
    for r in range(work.number[ROWS]):
        if work.row_cell[r] == cell:
            quantity += work.row_quantity[r]
    return quantity


@kernel
def opened(work: Work, location: int, day: int) -> bool:
    """Whether the order already has a shipment from there on that day."""
    for s in range(work.number[SHIPMENTS]):  # noqa: SIM110 - compiled code knows no generators
        if work.ship_location[s] == location and work.ship_day[s] == day:
            return True
    return False


@kernel
def left_room(case: Case, location: int, day: int, work: Work) -> int:
    """What may still leave there that day beside the order's own rows; −1 unlimited."""
    left = room(case, location, day)
    if left >= 0:
        for r in range(work.number[ROWS]):
            if case.cells[work.row_cell[r]].location == location and work.row_day[r] == day:
                left -= work.row_quantity[r]
        left = max(0, left)
    return left


@kernel
def add_row(line: int, cell: int, day: int, quantity: int, case: Case, work: Work) -> None:
    """Write a row of the answer, and its shipment unless it is open."""
    r = work.number[ROWS]
    work.row_line[r], work.row_cell[r], work.row_day[r], work.row_quantity[r] = line, cell, day, quantity
    work.number[ROWS] = r + 1
    location = case.cells[cell].location
    if not opened(work, location, day):
        s = work.number[SHIPMENTS]
        work.ship_location[s], work.ship_day[s] = location, day
        work.number[SHIPMENTS] = s + 1
