"""The pure rule of a decrease: where it takes from, in which order."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders.entry.domain.amending import Planned, Standing, decrease

D1, D2, D3 = date(2030, 1, 7), date(2030, 1, 8), date(2030, 1, 9)
# 100 ordered: 10 pending (4 claimed), 90 approved of which 15 shipped, 20 allocated (5 picked), 40 planned, 15 without a date.
LINE = Standing(1, 100, 90, 0, 20, 5, 15, (
    Planned(7, D1, 10, False), Planned(8, D3, 10, False), Planned(9, D2, 20, False), Planned(6, D1, 4, True),
))  # fmt: skip


@pytest.mark.parametrize(
    ("units", "pending", "claims", "undated", "plans", "allocated"),
    [
        (6, 6, (), 0, (), 0),
        (7, 7, ((6, D1, 1),), 0, (), 0),
        (10, 10, ((6, D1, 4),), 0, (), 0),
        (25, 10, ((6, D1, 4),), 15, (), 0),
        (40, 10, ((6, D1, 4),), 15, ((8, D3, 10), (9, D2, 5)), 0),
        (65, 10, ((6, D1, 4),), 15, ((8, D3, 10), (9, D2, 20), (7, D1, 10)), 0),
        (80, 10, ((6, D1, 4),), 15, ((8, D3, 10), (9, D2, 20), (7, D1, 10)), 15),
    ],
)
def test_pending_first_then_undated_then_latest_then_unpicked(
    units: int, pending: int, claims: object, undated: int, plans: object, allocated: int
) -> None:
    taken = decrease(LINE, units)
    assert (taken.pending, taken.claims, taken.undated, taken.plans, taken.allocated) == (pending, claims, undated, plans, allocated)
    assert taken.units == units


def test_shipped_and_picked_stay() -> None:
    assert (LINE.stands, LINE.least) == (100, 20)
    with pytest.raises(AssertionError):
        decrease(LINE, 81)


@given(st.data())
def test_whatever_is_taken_adds_up_and_leaves_no_part_below_zero(data: st.DataObject) -> None:
    def some(most: int) -> int:
        return data.draw(st.integers(0, most))

    ordered = data.draw(st.integers(1, 60))
    approved = some(ordered)
    cancelled = some(ordered - approved)
    shipped = some(approved)
    allocated = some(approved - shipped)
    picked = some(allocated)
    plan = some(approved - shipped - allocated)
    claim = some(ordered - cancelled - approved)
    rows = [Planned(1, D1, some(plan), False), Planned(3, D2, some(claim), True)]
    rows.append(Planned(2, D2, plan - rows[0].quantity, False))
    line = Standing(1, ordered, approved, cancelled, allocated, picked, shipped, tuple(r for r in rows if r.quantity))
    units = some(line.stands - line.least)
    taken = decrease(line, units)
    assert taken.units == units
    left_approved = approved - taken.approved
    assert left_approved >= shipped + allocated - taken.allocated and allocated - taken.allocated >= picked
    left_plan = plan - sum(part for _id, _day, part in taken.plans)
    assert 0 <= left_plan <= left_approved - shipped - (allocated - taken.allocated)
    left_claim = sum(r.quantity for r in line.planned if r.claim) - sum(part for _id, _day, part in taken.claims)
    assert 0 <= left_claim <= line.pending - taken.pending
