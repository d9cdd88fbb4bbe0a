"""Quantities: integers in the base unit; other units are an exact fraction num/den of it."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from oms.kernel.errors import Invalid


def to_base(entered: Decimal, num: int, den: int) -> int:
    """`entered` of a unit worth num/den base units, as whole base units.

    Raises Invalid `quantity_not_whole` with the nearest entered values that are whole (PRODUCT.md section 4).
    """
    if den == 1 and entered == int(entered):
        return int(entered) * num
    exact = Fraction(entered) * num / den
    if exact.denominator == 1:
        return int(exact)
    below = int(exact // 1)
    nearest = [str(Fraction(base * den, num)) for base in (below, below + 1) if base > 0]
    raise Invalid(
        f"{entered} is not a whole number of base units; nearest: {', '.join(nearest)}",
        code="quantity_not_whole",
        nearest=nearest,
    )


def to_multiple(quantity: int, minimum: int, multiple: int) -> list[int]:
    """The nearest orderable quantities below and above; [quantity] when it already fits minimum and multiple."""
    if quantity >= minimum and quantity % multiple == 0:
        return [quantity]
    above = max(minimum, quantity)
    above += -above % multiple
    below = quantity - quantity % multiple
    return [q for q in (below, above) if q >= minimum]
