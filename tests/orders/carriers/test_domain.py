"""What a load costs by a sheet, and which offer is taken."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.carriers.domain import Bid, Load, Rate, Sheet, Surcharge, billed_weight, price, ranked

D = Decimal
RATES = (Rate(5_000, D("9.80"), 2), Rate(10_000, D("12.00"), 2), Rate(31_500, D("19.90"), 3))


def sheet(divisor: int = 0, heaviest: int = 0, *extras: Surcharge) -> Sheet:
    return Sheet(1, "Road", divisor, heaviest, RATES, extras)


def test_the_first_break_that_holds_the_weight_counts() -> None:
    assert [price(sheet(), Load(g, 0), 2).total for g in (1, 5_000, 5_001, 31_500)] == [D("9.80"), D("9.80"), D("12.00"), D("19.90")]
    assert price(sheet(), Load(31_501, 0), 2) == "weight"
    assert price(Sheet(1, "Road", 0, 0, ()), Load(1, 0), 2) == "zone"


def test_what_is_bulky_is_billed_by_its_room() -> None:
    assert billed_weight(Load(2_000, 40_000), 5_000) == 8_000
    assert billed_weight(Load(2_000, 40_001), 5_000) == 8_001  # up to the next gram
    assert billed_weight(Load(9_000, 40_000), 5_000) == 9_000
    assert billed_weight(Load(2_000, 40_000), 0) == 2_000
    found = price(sheet(5_000), Load(2_000, 40_000), 2)
    assert (found.total, found.billed_g) == (D("12.00"), 8_000)


def test_a_parcel_is_as_heavy_as_the_load_over_the_parcels() -> None:
    assert price(sheet(0, 10_000), Load(20_001, 0, 2), 2) == "parcel"
    assert price(sheet(0, 10_000), Load(20_000, 0, 2), 2).total == D("19.90")


def test_surcharges_are_added_each_rounded_half_up() -> None:
    fuel, heavy = Surcharge("Fuel", D("0.1125"), D(0), False, 0), Surcharge("Heavy", D(0), D("15"), False, 10_000)
    parcel = Surcharge("Parcel", D(0), D("1.50"), True, 0)
    found = price(sheet(0, 0, fuel, heavy, parcel), Load(10_000, 0, 3), 2)
    assert found.parts == (("", D("12.00")), ("Fuel", D("1.35")), ("Parcel", D("4.50")))
    assert found.total == D("17.85")
    assert price(sheet(0, 0, fuel, heavy), Load(10_001, 0), 2).parts[1:] == (("Fuel", D("2.24")), ("Heavy", D("15")))


DUE = date(2026, 3, 10)
SLOW, RIGHT, SOON = Bid(1, D(9), date(2026, 3, 12)), Bid(2, D(12), DUE), Bid(3, D(30), date(2026, 3, 8))


@pytest.mark.parametrize(("aim", "order"), [("in_time", [2, 3, 1]), ("cheapest", [1, 2, 3]), ("fastest", [3, 2, 1])])
def test_the_rule_says_which_is_first(aim: str, order: list[int]) -> None:
    assert [b.service_id for b in ranked([SLOW, RIGHT, SOON], aim, DUE)] == order


BIDS = st.lists(st.builds(Bid, st.integers(1, 9), st.integers(1, 5).map(D), st.dates(date(2026, 3, 5), date(2026, 3, 15))), unique_by=lambda b: b.service_id)


@given(BIDS, st.sampled_from(["in_time", "cheapest", "fastest"]))
def test_nothing_is_lost_and_the_order_given_does_not_matter(bids: list[Bid], aim: str) -> None:
    found = ranked(bids, aim, DUE)
    assert sorted(found) == sorted(bids) and found == ranked(bids[::-1], aim, DUE)
    in_time = [b for b in bids if b.arrives <= DUE]
    if aim == "in_time" and in_time:
        assert found[0].cost == min(b.cost for b in in_time)
