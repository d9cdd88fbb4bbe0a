"""The import commands: exact reasons, dry run, partial, twice, and what they refuse."""

from __future__ import annotations

from decimal import Decimal

from inventory.models import Balance, Movement, Product
from oms.events.models import Event
from oms.files.models import ImportFile, ImportRow
from orders.models import Quota
from tests.oms.files.conftest import Files, table
from tests.world import World

GOOD = table("sku name family standard_cost units", ("D", "Drill", "Tools", "12.5", "case=6"), ("E", "Edge", "", "", ""))


def test_a_file_of_products_creates_then_changes_then_does_nothing(world: World, files: Files) -> None:
    path = files.csv("p.csv", GOOD)
    assert files.run("products", path).counts == "2 rows in, 2 created, 0 changed, 0 the same, 0 rejected"
    drill = Product.objects.get(sku="D")
    assert (drill.name, drill.family, drill.standard_cost, drill.units.get().num) == ("Drill", "Tools", Decimal("12.5"), 6)
    before = Event.objects.filter(name="catalog.products_written").count()
    assert files.run("products", path).counts == "2 rows in, 0 created, 0 changed, 2 the same, 0 rejected"
    assert Event.objects.filter(name="catalog.products_written").count() == before
    changed = files.csv("q.csv", table("sku name", ("D", "Drill 2"), ("E", "Edge")))
    assert files.run("products", changed).counts == "2 rows in, 0 created, 1 changed, 1 the same, 0 rejected"
    drill.refresh_from_db()
    assert (drill.name, drill.family, drill.standard_cost) == ("Drill 2", "Tools", Decimal("12.5"))  # columns it lacks stay


def test_a_dry_run_says_what_would_be_done_and_does_nothing(world: World, files: Files) -> None:
    path = files.csv("p.csv", table("sku name", ("A", "Other name"), ("D", "Drill")))
    run = files.run("products", path, "--dry-run")
    assert run.refused == ""
    assert run.counts == "dry run: 2 rows in, 1 to create, 1 to change, 0 the same, 0 rejected"
    assert "  row 2: name Adjustable spanner → Other name" in run.said
    assert not Product.objects.filter(sku="D").exists()
    assert Product.objects.get(sku="A").name == "Adjustable spanner"
    assert files.run("products", path).counts == "2 rows in, 1 created, 1 changed, 0 the same, 0 rejected"
    assert ImportFile.objects.count() == 1  # the dry run was the first half of it


BAD = table(
    "sku name price_unit standard_cost minimum_quantity track_lots gtin base_unit",
    ("D", "Drill", "1", "1", "1", "yes", "", ""),
    ("E", "", "10", "1,5", "0", "perhaps", "1" * 15, ""),
    ("D", "Again", "1", "1", "1", "no", "", ""),
    ("A", "Spanner", "1", "1.23456789", "1.5", "no", "", "kg"),
    ("F", "F"),
)
REASONS = [
    ("3", "name", "", "is missing."),
    ("3", "price_unit", "10", "“10” is not one of: 1, 100, 1000."),
    ("3", "standard_cost", "1,5", "“1,5” is not a number (write 1234.5)."),
    ("3", "minimum_quantity", "0", "0 is less than 1."),
    ("3", "track_lots", "perhaps", "“perhaps” is neither yes nor no."),
    ("3", "gtin", "1" * 15, "has 15 characters; at most 14 fit."),
    ("4", "sku", "D", "D is in row 2 already."),
    ("5", "standard_cost", "1.23456789", "“1.23456789” has more than 6 decimals."),
    ("5", "minimum_quantity", "1.5", "“1.5” is not a whole number."),
    ("6", "", "", "has 2 cells; the header has 8."),
]


def test_bad_rows_are_named_with_row_column_and_reason_and_nothing_is_applied(world: World, files: Files) -> None:
    path = files.csv("p.csv", BAD)
    run = files.run("products", path)
    assert run.counts == "5 rows in, 0 created, 0 changed, 0 the same, 4 rejected"
    assert run.refused == f"4 rows were rejected: see {path}.rejected.csv. Nothing was changed; --partial brings in the good rows."
    assert files.rejected(path) == REASONS
    assert not Product.objects.filter(sku="D").exists()


def test_partial_brings_in_the_good_rows_and_still_says_no(world: World, files: Files) -> None:
    path = files.csv("p.csv", BAD)
    run = files.run("products", path, "--partial")
    assert run.counts == "5 rows in, 1 created, 0 changed, 0 the same, 4 rejected"
    assert run.refused == f"4 rows were rejected: see {path}.rejected.csv."
    assert Product.objects.get(sku="D").track_lots
    assert not Product.objects.filter(sku__in=["E", "F"]).exists()


def test_the_base_unit_of_a_product_stays(world: World, files: Files) -> None:
    path = files.csv("p.csv", table("sku name base_unit", ("A", "Spanner", "kg")))
    files.run("products", path, "--partial")
    assert files.rejected(path) == [("2", "base_unit", "kg", "is each and does not change: documents count in it.")]
    assert Product.objects.get(sku="A").name == "Adjustable spanner"


def test_stock_counts_what_is_there_and_the_same_file_again_moves_nothing(world: World, files: Files) -> None:
    path = files.csv("s.csv", table("sku location bin quantity", ("A", "LYON", "", "90"), ("A", "LYON", "B-1", "7"), ("B", "LYON", "", "10"),
                                    ("C", "TURIN", "", "0")))  # fmt: skip
    assert files.run("stock", path).counts == "4 rows in, 1 created, 1 changed, 2 the same, 0 rejected"
    assert Balance.objects.get(product__sku="A", location__code="LYON", bin="").on_hand == 90
    assert Balance.objects.get(bin="B-1").on_hand == 7
    movements = Movement.objects.count()
    assert files.run("stock", path).counts == "4 rows in, 0 created, 0 changed, 4 the same, 0 rejected"
    assert Movement.objects.count() == movements


def test_stock_of_unknown_things_is_refused(world: World, files: Files) -> None:
    path = files.csv("s.csv", table("sku location quantity", ("Z", "LYON", "1"), ("A", "ROME", "1"), ("A", "LYON", "-1")))
    assert files.run("stock", path).counts == "3 rows in, 0 created, 0 changed, 0 the same, 3 rejected"
    assert files.rejected(path) == [("2", "sku", "Z", "there is no sku Z."), ("3", "location", "ROME", "there is no location ROME."),
                                    ("4", "quantity", "'-1", "'-1 is less than 0.")]  # fmt: skip
    assert ImportRow.objects.filter(state="bad").count() == 3


def test_quotas_come_by_file_and_what_is_used_stays(world: World, files: Files) -> None:
    good = files.csv("q.csv", table("sku family customer group first last maximum", ("A", "", "ACME", "", "2026-01-01", "2026-12-31", "50"),
                                    ("", "Hammers", "", "fairs", "2026-01-01", "2026-03-31", "9")))
    assert files.run("quotas", good).counts == "2 rows in, 2 created, 0 changed, 0 the same, 0 rejected"
    Quota.objects.filter(maximum=50).update(used=7)
    changed = files.csv("r.csv", table("sku customer first last maximum", ("A", "ACME", "2026-01-01", "2026-12-31", "60")))
    assert files.run("quotas", changed).counts == "1 rows in, 0 created, 1 changed, 0 the same, 0 rejected"
    assert list(Quota.objects.order_by("pk").values_list("maximum", "used")) == [(60, 7), (9, 0)]
    bad = files.csv("s.csv", table("sku family customer group first last maximum", ("A", "Hammers", "ACME", "fairs", "2026-02-01", "2026-01-01", "5"),
                                   ("X", "", "NOBODY", "", "2026-02-01", "2026-03-01", "5")))
    files.run("quotas", bad)
    assert [(row, column) for row, column, _cell, _reason in files.rejected(bad)] == [
        ("2", "sku"), ("2", "customer"), ("2", "last"), ("3", "sku"), ("3", "customer")]  # fmt: skip
    assert Quota.objects.count() == 2
