"""Pure money of an invoice: EN 16931 totals and the ages of what is open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from oms.kernel.money import line_net, tax_of


class Item(Protocol):
    """What a line is worth: base units at a price per `price_unit`, `discount` a share, in a tax group."""

    @property
    def quantity(self) -> int: ...
    @property
    def unit_price(self) -> Decimal: ...
    @property
    def price_unit(self) -> int: ...
    @property
    def discount(self) -> Decimal: ...
    @property
    def tax_category(self) -> str: ...
    @property
    def tax_rate(self) -> Decimal: ...


@dataclass(frozen=True)
class TaxGroup:
    """The tax of one (category, rate): half-up(Σ nets × rate)."""

    category: str
    rate: Decimal
    net: Decimal
    tax: Decimal


@dataclass(frozen=True)
class Totals:
    """Nets in the order of the lines, groups in the order in which they first appear."""

    nets: tuple[Decimal, ...]
    groups: tuple[TaxGroup, ...]

    @property
    def net(self) -> Decimal:
        return sum(self.nets, Decimal(0))

    @property
    def tax(self) -> Decimal:
        return sum((group.tax for group in self.groups), Decimal(0))

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def totals(items: Sequence[Item], exponent: int) -> Totals:
    """Totals of an invoice: rounded half up per line net and per tax group, nowhere else (PRODUCT.md section 7)."""
    nets = tuple(line_net(x.quantity, x.unit_price, x.price_unit, x.discount, exponent) for x in items)
    sums: dict[tuple[str, Decimal], Decimal] = {}
    for item, net in zip(items, nets, strict=True):
        key = (item.tax_category, item.tax_rate)
        sums[key] = sums.get(key, Decimal(0)) + net
    groups = tuple(TaxGroup(category, rate, net, tax_of(net, rate, exponent)) for (category, rate), net in sums.items())
    return Totals(nets, groups)


# The last day overdue of each bucket; what is older stands in one more.
AGES = (0, 30, 60, 90)


def age_bucket(due_date: date, on: date) -> int:
    """0 not due yet, 1 for 1–30 days overdue, 2 for 31–60, 3 for 61–90, 4 for more."""
    overdue = (on - due_date).days
    return sum(overdue > last for last in AGES)
