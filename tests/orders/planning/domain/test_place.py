"""The kernel against a planner one can read, and its state against itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orders.planning.domain.book import change, note
from orders.planning.domain.calendars import inverse
from orders.planning.domain.instance import build, check, plain
from orders.planning.domain.place import place
from orders.planning.domain.plan import fresh
from orders.planning.domain.run import PLACE, run
from orders.planning.domain.state import available, book
from tests.orders.planning.domain.instances import VARIANTS, make
from tests.orders.planning.domain.reference import Reference
from tests.orders.planning.domain.test_plan import planned

pytestmark = pytest.mark.unit
SLOW = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
READABLE = ["plain", "short", "plenty", "max_rows", "long"]


@SLOW
@given(st.integers(0, 10**6), st.sampled_from(READABLE))
def test_the_kernel_agrees_with_the_readable_planner_row_by_row(seed: int, variant: str) -> None:
    raw = make(seed, **{"orders": 14, "products": 7} | VARIANTS[variant])
    _a, rows, _case = planned(raw)
    assert [tuple(row) for row in rows.tolist()] == Reference(check(raw)).plan()


@SLOW
@given(st.integers(0, 10**6), st.sampled_from(sorted(VARIANTS)))
def test_giving_back_a_booking_restores_the_state_exactly(seed: int, variant: str) -> None:
    instance = build(check(make(seed, **{"orders": 10, "products": 5} | VARIANTS[variant])), True)
    case, plan, work = plain(instance, fresh(instance))
    shot: list[Any] = []
    for o in range(instance.size[0]):
        shot.append(state_of(case))
        note(o, place(o, case, work), plan, work)
        assert state_of(case) == shot[-1], "placing writes nothing"
        change(o, 1, case, plan)
    given_back = np.random.default_rng(seed).permutation(instance.size[0]).tolist()
    for o in given_back:
        change(o, -1, case, plan)
    assert state_of(case) == shot[0]


def state_of(case: Any) -> Any:
    """All of a state that booking may change."""
    return [bucket.free for bucket in case.buckets], list(case.kept), list(case.capacity)


@SLOW
@given(st.integers(0, 10**6), st.sampled_from(sorted(VARIANTS)))
def test_a_quote_on_an_unchanged_state_equals_the_booking(seed: int, variant: str) -> None:
    instance = build(check(make(seed, **{"orders": 10, "products": 5} | VARIANTS[variant])), True)
    case, plan, work = plain(instance, fresh(instance))
    last = instance.size[0] - 1
    run(PLACE, 0, last, case, plan, [], None, work)  # type: ignore[arg-type]
    quoted = answer(place(last, case, work), work)
    other = plain(instance, fresh(instance))[2]
    assert answer(place(last, case, other), other) == quoted
    run(PLACE, last, last + 1, case, plan, [], None, work)  # type: ignore[arg-type]
    span = plan.spans[last]
    booked = [(r.line, r.cell, r.day, r.quantity) for r in plan.rows[span.start : span.start + span.count]]
    assert booked == quoted


def answer(rows: int, work: Any) -> list[tuple[int, int, int, int]]:
    """The rows of a placement."""
    return [(work.row_line[r], work.row_cell[r], work.row_day[r], work.row_quantity[r]) for r in range(rows)]


@SLOW
@given(st.lists(st.integers(0, 3), min_size=1, max_size=20), st.integers(0, 30))
def test_the_inverse_calendar_is_the_last_day_in_time(steps: list[int], arrivals: int) -> None:
    deliver = np.cumsum(steps).tolist()
    for arrival, day in enumerate(inverse(deliver, arrivals)):
        assert day == max((d for d, there in enumerate(deliver) if there <= arrival), default=-1)


def test_early_stock_is_left_for_what_needs_it_early() -> None:
    instance = build(check(make(1, orders=1, products=1, locations=1, zones=1)), True)
    case, _plan, _work = plain(instance, fresh(instance))
    case.buckets[:] = [type(case.buckets[0])(0, 10), type(case.buckets[0])(5, 25)]
    case.cells[0].bucket, case.cells[1].bucket = 0, 2
    book(case, 0, 6, 12, 0)
    assert [available(case, 0, day, 0) for day in (0, 4, 5, 9)] == [10, 10, 13, 13]
    book(case, 0, 1, 10, 0)
    assert [available(case, 0, day, 0) for day in (0, 4, 5, 9)] == [0, 0, 3, 3]
