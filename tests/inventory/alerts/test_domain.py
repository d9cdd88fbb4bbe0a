"""Who could help whom: never more than can be spared, the pressing first, few transfers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from inventory.alerts.domain import Help, Need, helps

SMALL = st.integers(1, 3)


def test_the_fullest_location_helps_first_and_the_rest_comes_from_the_next() -> None:
    assert helps([Need(7, 1, 50)], {(7, 2): 20, (7, 3): 40}) == [Help(7, 2, 1, 10), Help(7, 3, 1, 40)]


def test_the_more_urgent_need_is_served_first() -> None:
    assert helps([Need(7, 1, 30, 1), Need(7, 2, 30, 0)], {(7, 3): 40}) == [Help(7, 3, 1, 10), Help(7, 3, 2, 30)]


def test_another_product_is_no_help_and_nobody_helps_himself() -> None:
    assert helps([Need(7, 1, 5)], {(8, 2): 9, (7, 1): 9}) == []


@given(
    st.lists(st.builds(Need, SMALL, SMALL, st.integers(1, 99), st.integers(0, 1)), max_size=8),
    st.dictionaries(st.tuples(SMALL, SMALL), st.integers(1, 99), max_size=9),
)
def test_nothing_is_given_twice_and_nobody_gets_more_than_asked(needs: list[Need], spare: dict[tuple[int, int], int]) -> None:
    found = helps(needs, spare)
    for (product, source), units in spare.items():
        assert sum(h.units for h in found if (h.product, h.source) == (product, source)) <= units
    for product, target in {(h.product, h.target) for h in found}:
        asked = sum(n.units for n in needs if (n.product, n.location) == (product, target))
        assert sum(h.units for h in found if (h.product, h.target) == (product, target)) <= asked
    assert all(h.units > 0 and h.source != h.target for h in found)
    assert helps(list(reversed(needs)), spare) == found or len({(n.urgency, n.product, n.location) for n in needs}) < len(needs)
