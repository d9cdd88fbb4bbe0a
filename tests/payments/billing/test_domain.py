"""Totals by hand, and the ages of what is open."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from payments.billing.domain import TaxGroup, age_bucket, totals
from tests.payments.conftest import line


def test_each_line_net_and_each_tax_group_is_rounded_once_half_up() -> None:
    lines = [
        line("0", quantity=3, unit_price=Decimal("0.335")),  # 1.005 → 1.01
        line("0", quantity=1, unit_price=Decimal("0.005")),  # → 0.01
        line("0", quantity=7, unit_price=Decimal("10"), discount=Decimal("0.125"), rate="0.055", category="reduced"),
        line("0", quantity=50, unit_price=Decimal("123.4567"), price_unit=100),  # 61.72835 → 61.73
    ]
    money = totals(lines, 2)
    assert money.nets == (Decimal("1.01"), Decimal("0.01"), Decimal("61.25"), Decimal("61.73"))
    assert money.groups == (
        TaxGroup("standard", Decimal("0.2"), Decimal("62.75"), Decimal("12.55")),
        TaxGroup("reduced", Decimal("0.055"), Decimal("61.25"), Decimal("3.37")),
    )
    assert (money.net, money.tax, money.total) == (Decimal("124.00"), Decimal("15.92"), Decimal("139.92"))


@pytest.mark.parametrize(("exponent", "net", "tax"), [(0, "10", "2"), (2, "10.01", "2.00"), (3, "10.005", "2.001")])
def test_the_currency_says_to_how_many_places(exponent: int, net: str, tax: str) -> None:
    money = totals([line("0", unit_price=Decimal("10.005"))], exponent)
    assert (str(money.net), str(money.tax)) == (net, tax)


@pytest.mark.parametrize(("due", "bucket"), [
    (date(2024, 3, 31), 0), (date(2024, 4, 1), 0), (date(2024, 3, 30), 1), (date(2024, 3, 1), 1), (date(2024, 2, 29), 2),
    (date(2024, 1, 31), 2), (date(2024, 1, 30), 3), (date(2024, 1, 1), 3), (date(2023, 12, 31), 4),
])  # fmt: skip
def test_ages_change_after_0_30_60_and_90_days(due: date, bucket: int) -> None:
    assert age_bucket(due, date(2024, 3, 31)) == bucket
