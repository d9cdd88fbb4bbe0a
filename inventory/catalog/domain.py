"""Quantities as people type them. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal

from oms.kernel.errors import Invalid
from oms.kernel.quantity import to_base

TYPED = re.compile(r"^\s*(\d{1,12}(?:[.,]\d{1,6})?)\s*(\S{0,20})\s*$")


def units_typed(text: str, units: Mapping[str, tuple[int, int]]) -> int | None:
    """Base units of "24" or "2 case"; None for an empty text. `units`: code → (num, den), the base unit among them.

    Raises Invalid `quantity_invalid` (no number, unknown unit), `quantity_not_whole` with the nearest.
    """
    if not text.strip():
        return None
    found = TYPED.match(text)
    if not found:
        raise Invalid(f"{text.strip()[:20]} is not a number of units.", code="quantity_invalid")
    number, code = Decimal(found[1].replace(",", ".")), found[2].lower()
    by_code = {known.lower(): worth for known, worth in units.items()} | {"": (1, 1)}
    if code not in by_code:
        known = ", ".join(sorted(units))
        raise Invalid(
            f"{found[2]} is not a unit of it: {known}.", code="quantity_invalid", units=sorted(units)
        )
    return to_base(number, *by_code[code])
