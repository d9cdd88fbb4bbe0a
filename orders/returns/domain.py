"""Pure choices of returns: which delivery units come from, which place they leave."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Units of one shipment line that may still come back: shipped − undelivered − returned − expected elsewhere."""

    shipment_line_id: int
    order_id: int
    line_id: int
    product_id: int
    location_id: int
    returnable: int


def choose(sources: Iterable[Source], quantity: int) -> list[tuple[Source, int]]:
    """Take `quantity` from the sources in the order given (the latest delivery first); less when they hold less."""
    taken = []
    for source in sources:
        part = min(quantity, source.returnable)
        if part > 0:
            taken.append((source, part))
            quantity -= part
    return taken


def split(places: Iterable[tuple[int, int]], wanted: dict[str, int]) -> list[tuple[str, int, int]]:
    """Cut `wanted` {disposal: units} out of (balance, units) in order: (disposal, balance, units). Sums must agree."""
    left = [[balance, units] for balance, units in places]
    cut = []
    for disposal, quantity in wanted.items():
        for place in left:
            part = min(quantity, place[1])
            if part > 0:
                cut.append((disposal, place[0], part))
                place[1] -= part
                quantity -= part
        assert quantity == 0, "more is disposed of than lies there"
    return cut
