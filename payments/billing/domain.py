"""Pure money of an invoice: EN 16931 totals and the ages of what is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Protocol

from oms.kernel.dates import later
from oms.kernel.errors import Invalid
from oms.kernel.money import half_up, line_net, spread, tax_of


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


@dataclass(frozen=True)
class Part:
    """One instalment of an invoice: its number from 1, when it is due, its amount, what of it is open."""

    number: int
    due_date: date
    amount: Decimal
    open: Decimal


def instalment_of(total: Decimal, count: int, exponent: int) -> tuple[int, Decimal]:
    """(parts, amount of each but the last): rounded down to the currency, the last takes the rest; (1, 0) where that is nothing."""
    each = (total / count).quantize(Decimal(1).scaleb(-exponent), ROUND_DOWN)
    return (count, each) if count > 1 and each > 0 else (1, Decimal(0))


def parts_of(total: Decimal, rest: Decimal, due_date: date, count: int, each: Decimal) -> list[Part]:
    """The parts of an invoice of which `rest` is open: what settles it settles its earliest part first.

    The database counts the same by `open_parts` (migration 0020 of payments); one part a month, in short months on the last day.
    """
    made, left = [], total - rest
    for n in range(count):
        amount = each if n + 1 < count else total - each * n
        settled = min(amount, left)
        left -= settled
        made.append(Part(n + 1, later(due_date, n), amount, amount - settled))
    return made


# The last day overdue of each bucket; what is older stands in one more.
AGES = (0, 30, 60, 90)


def age_bucket(due_date: date, on: date) -> int:
    """0 not due yet, 1 for 1–30 days overdue, 2 for 31–60, 3 for 61–90, 4 for more."""
    overdue = (on - due_date).days
    return sum(overdue > last for last in AGES)


@dataclass(frozen=True)
class LinePart:
    """An invoice line as a credit note reads it: what it was worth, in which tax group."""

    line_id: int
    quantity: int
    unit_price: Decimal
    price_unit: int
    discount: Decimal
    net: Decimal
    category: str
    rate: Decimal


@dataclass(frozen=True)
class CreditPart:
    """A part of a credit note: of one invoice line (`quantity` base units), or (`line_id` None) of a tax group."""

    line_id: int | None
    quantity: int
    category: str
    rate: Decimal
    net: Decimal
    tax: Decimal


Group = tuple[str, Decimal]


def group_left(lines: Sequence[LinePart], before: Sequence[CreditPart], exponent: int) -> dict[Group, tuple[Decimal, Decimal]]:
    """Of each tax group of an invoice, the net and tax that no credit note took yet."""
    nets: dict[Group, Decimal] = {}
    for x in lines:
        nets[x.category, x.rate] = nets.get((x.category, x.rate), Decimal(0)) + x.net
    taken = {key: (sum((p.net for p in before if (p.category, p.rate) == key), Decimal(0)),
                   sum((p.tax for p in before if (p.category, p.rate) == key), Decimal(0))) for key in nets}
    return {key: (net - taken[key][0], tax_of(net, key[1], exponent) - taken[key][1]) for key, net in nets.items()}


def left_of_line(x: LinePart | None, credited: int) -> str:
    """Why a quantity is refused, plainly; views say it in the person's words by its code."""
    return "there is no such invoice line" if x is None else f"{x.quantity - credited} of {x.quantity} can be credited"


def credit_lines(
    lines: Sequence[LinePart], before: Sequence[CreditPart], quantities: Mapping[int, int], exponent: int,
    fees: Mapping[int, Decimal] | None = None,
) -> list[CreditPart]:  # fmt: skip
    """Credit quantities of invoice lines at their own price; the last units of a line, and of a group, take what is left.

    `fees` {line: net} are kept back of it, for good: the last units of a line take its rounding, not an earlier fee. Raises Invalid `bad_quantity` for more than is left of a line. The tax of a group stands on its first part.
    """
    by_id = {x.line_id: x for x in lines}
    done: dict[int, tuple[int, Decimal]] = {}
    for p in before:
        if p.line_id is not None:
            count, net = done.get(p.line_id, (0, Decimal(0)))
            done[p.line_id] = (count + p.quantity, net + p.net)
    chosen: list[tuple[LinePart, int, Decimal]] = []
    for line_id, quantity in sorted(quantities.items()):
        x = by_id.get(line_id)
        count, net = done.get(line_id, (0, Decimal(0)))
        if x is None or not 0 < quantity <= x.quantity - count:
            raise Invalid(left_of_line(x, count), code="bad_quantity", line=line_id)
        own = line_net(quantity, x.unit_price, x.price_unit, x.discount, exponent)
        drift = Decimal(1 + sum(1 for p in before if p.line_id == line_id)).scaleb(-exponent)
        if quantity == x.quantity - count and abs(x.net - net - own) <= drift:
            own = x.net - net
        chosen.append((x, quantity, min(own, x.net - net) - (fees or {}).get(line_id, Decimal(0))))
    left = group_left(lines, before, exponent)
    nets: dict[Group, Decimal] = {}
    for x, _quantity, net in chosen:
        nets[x.category, x.rate] = nets.get((x.category, x.rate), Decimal(0)) + net
    taxes = {key: left[key][1] if net == left[key][0] else min(left[key][1], tax_of(net, key[1], exponent)) for key, net in nets.items()}
    return [
        CreditPart(x.line_id, quantity, x.category, x.rate, net, taxes.pop((x.category, x.rate), Decimal(0)))
        for x, quantity, net in chosen
    ]


def spread_gross(lines: Sequence[LinePart], before: Sequence[CreditPart], gross: Decimal, exponent: int) -> list[CreditPart]:
    """Credit a gross amount over the tax groups by what is left of each; of each part the net that it holds at its rate."""
    left = group_left(lines, before, exponent)
    keys = [key for key, (net, tax) in left.items() if net + tax > 0]
    if not keys:
        return []
    parts = spread(gross, [sum(left[key], Decimal(0)) for key in keys], exponent)
    made = []
    for key, part in zip(keys, parts, strict=True):
        net = left[key][0] if part == sum(left[key], Decimal(0)) else min(left[key][0], half_up(part / (1 + key[1]), exponent))
        if part:
            made.append(CreditPart(None, 0, key[0], key[1], net, part - net))
    return made


# Days overdue from which an invoice is reminded at each level, and days between two reminders of one.
LEVELS, PAUSE = (7, 21, 35), 7


@dataclass(frozen=True)
class Reminder:
    """What is overdue of an invoice, the earliest part since `due_date`, that is to be reminded at `level`."""

    invoice_id: int
    account_id: int
    payer_id: int
    open: Decimal
    due_date: date
    level: int


def next_level(days_overdue: int, last_level: int, days_since_last: int | None) -> int:
    """The level an invoice is reminded at now; 0 for not now. One level up a time, the last one repeats."""
    if days_since_last is not None and days_since_last < PAUSE:
        return 0
    reached = sum(days_overdue >= days for days in LEVELS)
    wanted = min(last_level + 1, len(LEVELS))
    return wanted if reached >= wanted else 0
