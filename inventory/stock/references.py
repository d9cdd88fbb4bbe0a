"""What a movement's opaque order is called. Stock knows no orders: the room that does registers an expression here.

The expression is over a movement's row (`OuterRef("reference_order")`) and is the document's number.
"""

from __future__ import annotations

from typing import Any

from django.db.models import CharField, Value

from oms.kernel.rooms import modules

_numbers: list[Any] = []


def register(number: Any) -> None:
    """Say how a movement's order is called (from a room's `receivers` module), once."""
    assert not _numbers, "two rooms name the orders of movements"
    _numbers.append(number)


def document() -> Any:
    """The number of a movement's order as an expression, "" where nobody knows."""
    modules("receivers")
    return _numbers[0] if _numbers else Value("", output_field=CharField())
