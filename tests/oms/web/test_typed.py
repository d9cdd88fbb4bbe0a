"""What people type into cells, without a database."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from oms.web import typed


@pytest.mark.parametrize(
    ("text", "value"),
    [("", None), ("12", "12"), ("1 200,50", "1200.50"), ("1,200.50", "1200.50"), ("1.200,50", "1200.50"), ("1\u00a0200", "1200"), ("1'200", "1200"), ("0.000001", "0.000001")],
)
def test_a_number_in_either_habit(text: str, value: str | None) -> None:
    assert typed.number(text) == (None if value is None else Decimal(value))


@pytest.mark.parametrize("text", ["x", "-1", "NaN", "Infinity", "1e999", "1000000000000", "0.0000001", "1,2,3"])
def test_what_is_no_number_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        typed.number(text)


def test_a_share_is_typed_in_percent() -> None:
    assert (typed.share("2,5 %"), typed.share("100"), typed.share("")) == (Decimal("0.025"), 1, None)
    with pytest.raises(ValueError, match="at most 100"):
        typed.share("101")


def test_a_day() -> None:
    assert (typed.day("2026-03-31"), typed.day("")) == (date(2026, 3, 31), None)
    with pytest.raises(ValueError, match="is not a date"):
        typed.day("31.3.2026")
