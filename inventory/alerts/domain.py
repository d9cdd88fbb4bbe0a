"""Who could help whom: a pure proposal of transfers between locations of one product."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple


class Need(NamedTuple):
    """`units` of a product are wanted at a location; the lower `urgency` is served first."""

    product: int
    location: int
    units: int
    urgency: int = 0


class Help(NamedTuple):
    """`units` should go from `source` to `target`."""

    product: int
    source: int
    target: int
    units: int


def helps(needs: Iterable[Need], spare: Mapping[tuple[int, int], int]) -> list[Help]:
    """Transfers that fill needs from what others can spare: {(product, location): units}, never more than that.

    Each need asks the location with most to spare first, so that few transfers do. Ties fall to the lower ids.
    """
    left = dict(spare)
    by_product: dict[int, list[int]] = {}
    for product, location in sorted(left):
        by_product.setdefault(product, []).append(location)
    found = []
    for need in sorted(needs, key=lambda n: (n.urgency, n.product, n.location)):
        wanted = need.units
        for source in sorted(by_product.get(need.product, ()), key=lambda w: (-left[need.product, w], w)):
            units = min(wanted, left[need.product, source])
            if source != need.location and units > 0:
                found.append(Help(need.product, source, need.location, units))
                left[need.product, source] -= units
                wanted -= units
    return sorted(found)
