"""What an amendment asks for, and the pure rule of a decrease (PRODUCT.md section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orders.entry.domain import LineRequest


@dataclass(frozen=True)
class LineChange:
    """New values of a line; None keeps the old one. `quantity` is what shall stand of it, in base units (0: nothing)."""

    line: int
    quantity: int | None = None
    price: Decimal | None = None
    discount: Decimal | None = None


@dataclass(frozen=True)
class Amendment:
    """Changes of an order: lines by id, lines added, a new requested date, another address of the customer (code)."""

    changes: tuple[LineChange, ...] = ()
    added: tuple[LineRequest, ...] = ()
    requested_date: date | None = None
    ship_to: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Planned:
    """A live schedule line: `id`, the day it ships, and how much; `claim` before approval."""

    id: int
    ship_date: date
    quantity: int
    claim: bool


@dataclass(frozen=True)
class Standing:
    """A line as it stands, in base units; `picked` of the allocated is in a cart already. Services count as shipped when invoiced."""

    line: int
    ordered: int
    approved: int
    cancelled: int
    allocated: int
    picked: int
    shipped: int
    planned: tuple[Planned, ...] = ()

    @property
    def pending(self) -> int:
        return self.ordered - self.cancelled - self.approved

    @property
    def stands(self) -> int:
        """What the line is for now."""
        return self.ordered - self.cancelled

    @property
    def least(self) -> int:
        """What it can't fall below: shipped, or in the picker's cart."""
        return self.shipped + self.picked


@dataclass(frozen=True)
class Taken:
    """Where a decrease takes from: `pending`, then of what was approved `undated`, `plans`, and `allocated` goods.

    `claims` and `plans` are parts of live schedule lines (id, day, units); claims are of what was pending.
    """

    line: int
    pending: int
    undated: int
    allocated: int
    claims: tuple[tuple[int, date, int], ...]
    plans: tuple[tuple[int, date, int], ...]

    @property
    def approved(self) -> int:
        """By how much `approved` falls."""
        return self.undated + self.allocated + sum(units for _id, _day, units in self.plans)

    @property
    def units(self) -> int:
        return self.pending + self.approved


def latest(rows: tuple[Planned, ...], units: int) -> tuple[tuple[int, date, int], ...]:
    """`units` off schedule lines, the latest ship day first."""
    taken = []
    for row in sorted(rows, key=lambda r: (r.ship_date, r.id), reverse=True):
        part = min(row.quantity, units)
        if part:
            taken.append((row.id, row.ship_date, part))
            units -= part
    return tuple(taken)


def decrease(line: Standing, units: int) -> Taken:
    """Take `units` off a line: pending first; then approved: without a date, the latest-dated, then allocated and not picked.

    The caller has refused more than `line.stands - line.least`: no pending, undated, planned or unpicked unit is left out.
    """
    claims = tuple(r for r in line.planned if r.claim)
    plans = tuple(r for r in line.planned if not r.claim)
    pending = min(units, line.pending)
    unclaimed = line.pending - sum(r.quantity for r in claims)
    rest = units - pending
    undated = min(rest, line.approved - line.shipped - line.allocated - sum(r.quantity for r in plans))
    rest -= undated
    dated = latest(plans, rest)
    rest -= sum(part for _id, _day, part in dated)
    assert rest <= line.allocated - line.picked, "more is taken than may be"
    return Taken(line.line, pending, undated, rest, latest(claims, max(0, pending - unclaimed)), dated)
