"""Money arithmetic: Decimal only, half up, once per line net and once per tax group (PRODUCT.md section 7)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal


def half_up(amount: Decimal, exponent: int) -> Decimal:
    """`amount` rounded half up (away from zero) to `exponent` decimals of its currency."""
    return amount.quantize(Decimal(1).scaleb(-exponent), rounding=ROUND_HALF_UP)


def line_net(quantity: int, unit_price: Decimal, price_unit: int, discount: Decimal, exponent: int) -> Decimal:
    """Net of a line: half-up(quantity × price ÷ price unit × (1 − discount)); discount is a share in [0, 1]."""
    return half_up(quantity * unit_price * (1 - discount) / price_unit, exponent)


def tax_of(net: Decimal, rate: Decimal, exponent: int) -> Decimal:
    """Tax of one (category, rate) group: half-up(Σ nets × rate); `rate` is a share, 0.19 for 19 %."""
    return half_up(net * rate, exponent)


def spread(total: Decimal, weights: Sequence[Decimal], exponent: int) -> list[Decimal]:
    """`total` split by `weights` so that the parts sum to it exactly (largest remainder, ties to the first).

    With all weights zero everything goes to the first part; no weights is a programmer error.
    """
    assert weights, "nothing to spread over"
    unit = Decimal(1).scaleb(-exponent)
    whole = sum(weights, Decimal(0))
    if not whole:
        return [total] + [Decimal(0)] * (len(weights) - 1)
    sign = -1 if total < 0 else 1
    exact = [abs(total) * w / whole for w in weights]
    parts = [(x // unit) * unit for x in exact]
    missing = int((abs(total) - sum(parts, Decimal(0))) / unit)
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[:missing]:
        parts[i] += unit
    return [sign * p for p in parts]
