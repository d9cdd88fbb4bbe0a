"""Pure choices of returns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from orders.returns.domain import Source, choose, split


def source(n: int, returnable: int) -> Source:
    return Source(n, 1, 1, 1, 1, returnable)


def test_units_are_taken_in_the_order_given_and_never_more_than_a_source_holds() -> None:
    assert [(s.shipment_line_id, q) for s, q in choose([source(3, 5), source(2, 0), source(1, 10)], 8)] == [(3, 5), (1, 3)]
    assert sum(q for _s, q in choose([source(1, 2)], 5)) == 2


@given(st.lists(st.integers(1, 50), min_size=1, max_size=6), st.data())
def test_what_is_disposed_of_uses_every_place_exactly(places: list[int], data: st.DataObject) -> None:
    total = sum(places)
    first = data.draw(st.integers(0, total))
    second = data.draw(st.integers(0, total - first))
    wanted = {k: q for k, q in (("restock", first), ("repair", second), ("scrap", total - first - second)) if q}
    cut = split(list(enumerate(places)), wanted)
    for kind, quantity in wanted.items():
        assert sum(q for k, _b, q in cut if k == kind) == quantity
    assert [sum(q for _k, b, q in cut if b == n) for n in range(len(places))] == places
