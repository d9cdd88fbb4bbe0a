"""What we answer to an order, before a format makes a message of it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from orders.channels.domain import Party, Reference

ACCEPTED, CHANGED, REJECTED, RECEIVED = "accepted", "changed", "rejected", "received"


@dataclass(frozen=True)
class AnswerLine:
    """One line in the sender's words: what was ordered, what of it comes when, and what of it never does.

    `parts` are (quantity, delivery date) of what has a date, `open` comes later, `refused` was cut or cancelled;
    all in the sender's unit.
    """

    number: str
    sku: str
    references: tuple[Reference, ...]
    description: str
    ordered: Decimal
    unit: str
    price: Decimal | None
    basis: Decimal
    parts: tuple[tuple[Decimal, date], ...] = ()
    open: Decimal = Decimal(0)
    refused: Decimal = Decimal(0)
    price_changed: bool = False
    late: bool = False

    @property
    def status(self) -> str:
        """accepted as ordered; changed in quantity, price or day; or rejected whole."""
        if self.refused >= self.ordered:
            return REJECTED
        return CHANGED if self.refused or self.open or self.price_changed or self.late else ACCEPTED


@dataclass(frozen=True)
class OrderAnswer:
    """`number` is the sender's, `ours` our order's; `status` of the whole follows from the lines unless only received."""

    number: str
    ours: str
    on: date
    ordered_on: date | None
    currency: str
    buyer: Party
    seller: str
    lines: tuple[AnswerLine, ...]
    received_only: bool = False
    buyer_name: str = ""

    @property
    def status(self) -> str:
        """accepted, changed or rejected by its lines; received while nothing is decided."""
        if self.received_only:
            return RECEIVED
        states = {line.status for line in self.lines}
        if states == {ACCEPTED}:
            return ACCEPTED
        return REJECTED if states <= {REJECTED} else CHANGED
