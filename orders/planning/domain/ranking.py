"""The rank of an order as data: which factor counts before which, and what a segment may do. Pure.

A rank key is a tuple; smaller goes first. Strategy before approved before claim before the factors before the order id,
so that no two orders share a place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

FACTORS = ("customer_class", "criticality", "requested_date", "age")
STRATEGIES = ("win", "gain", "improve", "skip")


@dataclass(frozen=True)
class Rules:
    """One version of the rules; `strategies` by customer class, all others `default`; version 0 is built in."""

    version: int = 0
    factors: tuple[str, ...] = FACTORS
    strategies: Mapping[int, str] = field(default_factory=dict)
    default: str = "improve"

    def strategy(self, customer_class: int) -> str:
        """What the plan run does with orders of this class."""
        return self.strategies.get(customer_class, self.default)


@dataclass(frozen=True)
class Standing:
    """What an order's place is made of. `rank_date` is kept by backorders; `approved` beats a claim."""

    order_id: int
    approved: bool
    customer_class: int
    criticality: int
    requested_date: date
    rank_date: date

    def value(self, factor: str) -> int | date:
        """The value of one factor; the smaller one goes first."""
        values: dict[str, int | date] = {
            "customer_class": self.customer_class, "criticality": self.criticality,
            "requested_date": self.requested_date, "age": self.rank_date,
        }  # fmt: skip
        return values[factor]


def rank_key(rules: Rules, standing: Standing) -> tuple[Any, ...]:
    """The order's place as a tuple that sorts."""
    strategy = STRATEGIES.index(rules.strategy(standing.customer_class))
    factors = tuple(standing.value(factor) for factor in rules.factors)
    return (strategy, 0 if standing.approved else 1, *factors, standing.order_id)
