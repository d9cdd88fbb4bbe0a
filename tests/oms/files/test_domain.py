"""Somebody else's columns, numbers and days, without a database."""

from __future__ import annotations

import pytest

from oms.files.domain import Layout, guess, habits, names_of


def test_columns_have_names_of_their_own() -> None:
    assert names_of(["SKU", " Qty  per\nbox ", "", "SKU", "", " "]) == ["SKU", "Qty per box", "C", "SKU (2)"]
    assert names_of(["", ""]) == []
    assert names_of(["x"] * 28)[27] == "x (28)" and names_of([*"a" * 26, "", "z"])[26] == "AA"


def test_columns_are_guessed_once_by_their_names() -> None:
    known = {"order": ("beleg", "po"), "po": (), "sku": ("Artikel-Nr.",), "quantity": ("Menge",)}
    assert guess(["PO", "artikel nr", "MENGE", "Menge", "Farbe"], known) == {
        "PO": "order po", "artikel nr": "sku", "MENGE": "quantity", "Menge": "", "Farbe": ""}  # fmt: skip


@pytest.mark.parametrize(
    ("days", "numbers", "found"),
    [
        (["2026-03-31"], ["12", "1.5"], (".", "ymd")),
        (["31.03.2026"], ["1.234,50"], (",", "dmy")),
        (["03/04/2026", "03/31/2026"], ["1,234.50"], (".", "mdy")),
        (["03/04/2026", "31/03/2026"], ["1,5"], (",", "dmy")),
        ([], [], (".", "ymd")),
    ],
)
def test_how_they_write_is_seen(days: list[str], numbers: list[str], found: tuple[str, str]) -> None:
    assert habits(days, numbers) == found


def test_cells_come_as_our_parsers_read_them() -> None:
    theirs = Layout(decimals=",", days="dmy")
    assert [theirs.plain("decimal", t) for t in ("1.234,50", "1 234,5", "-3", "x")] == ["1234.50", "1234.5", "-3", "x"]
    assert [theirs.plain("date", t) for t in ("31.03.2026", "1.2.2026", "2026-03-31", "soon")] == ["2026-03-31", "2026-02-01", "2026-03-31", "soon"]
    assert theirs.plain("text", "1,5") == "1,5"
    assert Layout(days="mdy").plain("moment", "3/31/2026 14:05") == "2026-03-31 14:05"
    assert Layout().plain("date", "31.03.2026") == "31.03.2026"


def test_a_layout_fits_files_without_news() -> None:
    layout = Layout({"A": "sku", "B": "quantity", "C": ""})
    assert layout.knows(["A", "B", "C"]) and layout.knows(["B", "A"])
    assert not layout.knows(["A", "B", "D"]) and not layout.knows(["A", "C"])
