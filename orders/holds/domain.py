"""Pure quota arithmetic: what lines ask of their quotas, and which quotas are too small."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """What a line takes of a quota, in base units."""

    quota: int
    line: int
    units: int


@dataclass(frozen=True)
class Charge:
    """Shares to take, by quota and line; `over` {quota: units too many}; `left` {product: what is left before}."""

    shares: tuple[Share, ...]
    over: Mapping[int, int]
    left: Mapping[int, int]


def charge(quotas: Iterable[Iterable[int]], lines: Iterable[tuple[int, int, int]]) -> Charge:
    """What `lines` (line, product, units) take of `quotas` (quota, product, left): each line of every quota it counts for."""
    by_product: dict[int, list[int]] = {}
    left: dict[int, int] = {}
    least: dict[int, int] = {}
    for quota, product, rest in quotas:
        by_product.setdefault(product, []).append(quota)
        left[quota] = rest
        least[product] = min(rest, least.get(product, rest))
    shares = [Share(q, line, units) for line, product, units in lines if units > 0 for q in by_product.get(product, ())]
    asked: dict[int, int] = {}
    for share in shares:
        asked[share.quota] = asked.get(share.quota, 0) + share.units
    over = {q: units - left[q] for q, units in sorted(asked.items()) if units > left[q]}
    return Charge(tuple(sorted(shares, key=lambda s: (s.quota, s.line))), over, least)
