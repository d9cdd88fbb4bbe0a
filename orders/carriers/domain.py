"""What a consignment costs by a rate sheet, and which of several offers is taken. Pure: no database, no clock.

Weights are grams, volumes cubic centimetres, prices in the company's currency. A carrier weighs what is bulky by its room:
it bills the greater of the weight and the volume divided by its divisor (cm³ per kg).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from oms.kernel.money import half_up


class Load(NamedTuple):
    """What is to be carried: all parcels together."""

    weight_g: int
    volume_cm3: int
    parcels: int = 1


class Rate(NamedTuple):
    """Up to `up_to_g` billed grams cost `price` and take `days` of the carrier's days."""

    up_to_g: int
    price: Decimal
    days: int


class Surcharge(NamedTuple):
    """On top: a share of the rate (0.12 = 12 %) and an amount, each parcel's or once; only from `above_g` billed grams on."""

    name: str
    share: Decimal
    amount: Decimal
    per_parcel: bool
    above_g: int


@dataclass(frozen=True)
class Sheet:
    """A service's prices to one zone on one day: breaks by weight, ascending, and what comes on top."""

    service_id: int
    name: str
    divisor: int
    max_parcel_g: int
    rates: tuple[Rate, ...]
    surcharges: tuple[Surcharge, ...] = ()


class Price(NamedTuple):
    """What a load costs and from which lines it is added up (name, amount)."""

    total: Decimal
    billed_g: int
    days: int
    parts: tuple[tuple[str, Decimal], ...]


def billed_weight(load: Load, divisor: int) -> int:
    """The grams a carrier bills: the weight, or what the room stands for, whichever is more. No divisor: the weight."""
    return max(load.weight_g, -(-load.volume_cm3 * 1000 // divisor)) if divisor else load.weight_g


def price(sheet: Sheet, load: Load, exponent: int) -> Price | str:
    """What the load costs, each surcharge half-up to the currency's smallest unit; or why the service does not take it
    ("zone": no rate leads there, "weight": above the last break, "parcel": a parcel is too heavy)."""
    if not sheet.rates:
        return "zone"
    if sheet.max_parcel_g and -(-load.weight_g // load.parcels) > sheet.max_parcel_g:
        return "parcel"
    billed = billed_weight(load, sheet.divisor)
    rate = next((r for r in sheet.rates if billed <= r.up_to_g), None)
    if rate is None:
        return "weight"
    parts = [("", half_up(rate.price, exponent))]
    for extra in sheet.surcharges:
        if billed > extra.above_g or not extra.above_g:
            once = extra.amount * (load.parcels if extra.per_parcel else 1)
            parts.append((extra.name, half_up(rate.price * extra.share, exponent) + half_up(once, exponent)))
    return Price(sum((amount for _name, amount in parts), Decimal(0)), billed, rate.days, tuple(parts))


class Bid(NamedTuple):
    """One service that takes a load: what it costs and when it arrives."""

    service_id: int
    cost: Decimal
    arrives: date


def ranked(bids: Sequence[Bid], aim: str, due: date) -> list[Bid]:
    """The bids, the one to take first. `in_time`: those that arrive by `due` by their cost, then the rest by their day;
    `cheapest` by cost, `fastest` by day; equal ones by the other, then by service."""
    if aim == "fastest":
        return sorted(bids, key=lambda b: (b.arrives, b.cost, b.service_id))
    if aim == "cheapest":
        return sorted(bids, key=lambda b: (b.cost, b.arrives, b.service_id))
    in_time = sorted((b for b in bids if b.arrives <= due), key=lambda b: (b.cost, b.arrives, b.service_id))
    return in_time + sorted((b for b in bids if b.arrives > due), key=lambda b: (b.arrives, b.cost, b.service_id))
