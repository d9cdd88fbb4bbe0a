"""Pure arithmetic of the book: what an order still costs, so that the last invoice leaves a reservation of exactly 0."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from oms.kernel.money import line_net, tax_of


@dataclass(frozen=True)
class Priced:
    """A line as money sees it: `quantity` base units at `unit_price` per `price_unit`, with its tax group."""

    quantity: int
    unit_price: Decimal
    price_unit: int
    discount: Decimal
    category: str
    rate: Decimal


@dataclass(frozen=True)
class Totals:
    """`nets` per line in order; net, tax and total of the document, at the currency's exponent."""

    nets: tuple[Decimal, ...]
    net: Decimal
    tax: Decimal

    @property
    def total(self) -> Decimal:
        return self.net + self.tax


def totals(lines: Iterable[Priced], exponent: int) -> Totals:
    """What an invoice of these quantities would come to: each line rounded once, each tax group once (EN 16931)."""
    groups: dict[tuple[str, Decimal], Decimal] = {}
    nets = []
    for line in lines:
        net = line_net(line.quantity, line.unit_price, line.price_unit, line.discount, exponent)
        nets.append(net)
        key = (line.category, line.rate)
        groups[key] = groups.get(key, Decimal(0)) + net
    tax = sum((tax_of(net, rate, exponent) for (_category, rate), net in groups.items()), Decimal(0))
    return Totals(tuple(nets), sum(nets, Decimal(0)), tax)
