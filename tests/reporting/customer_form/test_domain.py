"""A drop of orders: said when it is one, and not before there is anything to compare with."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from reporting.customer_form.domain import fall

TODAY = date(2026, 6, 30)


@pytest.mark.parametrize(("recent", "before", "days", "share"), [
    (0, 3650, 365, Decimal(1)), (449, 3650, 365, Decimal(451) / 900), (450, 3650, 365, None), (5_000, 3650, 365, None),
    (0, 900, 89, None), (0, 900, 90, Decimal(1)), (0, 0, 365, None),
])  # fmt: skip
def test_less_than_half_of_the_usual_ninety_days_is_a_fall(recent: int, before: int, days: int, share: Decimal | None) -> None:
    found = fall(Decimal(recent), Decimal(before), days, None, TODAY)
    assert (found.share if found else None) == share


def test_a_new_owner_is_named_when_it_came_within_half_a_year() -> None:
    for days, named in ((179, True), (180, False), (700, False)):
        since = TODAY - timedelta(days=days)
        found = fall(Decimal(0), Decimal(3650), 365, since, TODAY)
        assert found is not None and (found.owner_since == since) is named
