"""Quota arithmetic."""

from orders.holds.domain import Share, charge


def test_every_line_takes_of_every_quota_that_counts_for_its_product() -> None:
    found = charge([[1, 10, 5], [2, 10, 9], [2, 11, 9]], [(100, 10, 3), (101, 11, 4), (102, 12, 7), (103, 10, 0)])
    assert found.shares == (Share(1, 100, 3), Share(2, 100, 3), Share(2, 101, 4))
    assert (dict(found.over), dict(found.left)) == ({}, {10: 5, 11: 9})


def test_what_is_too_much_is_said_by_quota() -> None:
    found = charge([[1, 10, 5], [2, 10, 9]], [(100, 10, 4), (101, 10, 6)])
    assert dict(found.over) == {1: 5, 2: 1}
    assert charge([], [(100, 10, 4)]).shares == ()
