"""Words find the same rows whichever way is taken: by the keys of the few, or in the order of the list for the many."""

from __future__ import annotations

from typing import Any

import pytest

from customers.parties import selectors
from customers.parties.selectors import begins, found_by_words
from payments.models import Invoice
from tests.payments.conftest import Money


@pytest.mark.parametrize(("customers", "rows"), [(50, 1_000), (0, 1_000), (50, 0)])
def test_words_find_numbers_and_customers_whichever_way(money: Money, monkeypatch: Any, customers: int, rows: int) -> None:
    monkeypatch.setattr(selectors, "MOST_CUSTOMERS", customers)
    monkeypatch.setattr(selectors, "MOST_ROWS", rows)
    other, account = money.other("BETA", "Beta Works")
    ours, theirs = money.invoice(), money.invoice(customer=other, account=account)
    for word, expected in (
        (ours.number.lower(), {ours.pk}), ("inv", {ours.pk, theirs.pk}), ("beta", {theirs.pk}), ("BETA", {theirs.pk}),
        ("a w", {theirs.pk}), ("nobody", set()), (theirs.customer_po, {theirs.pk}), ("100%", set()),
    ):  # fmt: skip
        found = found_by_words(Invoice.objects.all(), word, begins("number", word), begins("customer_po", word))
        assert set(found.values_list("pk", flat=True)) == expected, word
    assert not found_by_words(Invoice.objects.filter(pk=ours.pk), "beta", begins("number", "beta")).exists()
    assert not found_by_words(Invoice.objects.all(), "nobody").exists()
