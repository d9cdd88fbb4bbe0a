"""What is exported is read back as nothing new, for every format; and a file of each format says what it means."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError
from django.db.models import Sum

from customers.models import Address, Contact, Customer, CustomerPost, Post, PostHolding, Territory
from inventory.catalog.services import LocationRow, create_location
from inventory.models import Balance, ExpectedReceipt, Movement
from inventory.stock.selectors import supply
from oms.company.models import Calendar
from oms.files.formats import registered
from orders.models import Lane, Price, PriceList
from tests.oms.files.conftest import Files, table
from tests.world import World

FORMATS = ["calendars", "customers", "lanes", "prices", "products", "receipts", "stock", "territories"]


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_exported_is_read_back_as_nothing_new(world: World, files: Files, name: str) -> None:
    Contact.objects.create(customer=world.customer, name="Ann", email="ann@acme.example")
    out = files.folder / f"{name}.csv"
    call_command(f"export_{name}", str(out), verbosity=0)
    rows = len(out.read_text().splitlines()) - 1
    assert rows > 0
    assert files.run(name, out).counts == f"{rows} rows in, 0 created, 0 changed, {rows} the same, 0 rejected"


def test_customers_come_with_addresses_contacts_and_their_owner(world: World, files: Files) -> None:
    header = "code name post owned_since terms_days address city country default_address contact contact_email"
    path = files.csv("c.csv", table(
        header, ("N1", "New", "LYON1", "2024-05-01", "14", "MAIN", "Lyon", "FR", "", "Ann", "ann@new.example"),
        ("N1", "", "", "", "", "DOCK", "Nantes", "FR", "", "", ""), ("ACME", "", "NORTH2", "", "30", "MAIN", "Lyon", "", "", "", "")))  # fmt: skip
    assert files.run("customers", path).counts == "3 rows in, 2 created, 1 changed, 0 the same, 0 rejected"
    new = Customer.objects.get(code="N1")
    assert (new.name, new.post.code, new.terms_days, new.currency_id) == ("New", "LYON1", 14, "EUR")
    assert [(a.code, a.city, a.is_default, a.transit_zone) for a in new.addresses.order_by("pk")] == [("MAIN", "Lyon", True, "FR"), ("DOCK", "Nantes", False, "FR")]
    assert new.contacts.get().email == "ann@new.example"
    assert CustomerPost.objects.get(customer=new).during.lower == date(2024, 5, 1)
    world.customer.refresh_from_db()
    assert (world.customer.name, world.customer.post.code, world.customer.terms_days) == ("Acme Tools", "NORTH2", 30)
    assert [e.during.upper for e in CustomerPost.objects.filter(customer=world.customer).order_by("during")] == [date.today(), None]
    assert Address.objects.get(customer=world.customer).city == "Lyon"


def test_customers_that_do_not_fit_are_named(world: World, files: Files) -> None:
    path = files.csv("c.csv", table("code name post country currency prepay_share", ("N1", "", "NOWHERE", "France", "XXX", "2"), ("N2", "New", "", "fr", "", "")))
    files.run("customers", path)
    assert files.rejected(path) == [
        ("2", "country", "France", "has 6 characters; at most 2 fit."), ("2", "prepay_share", "2", "2 is more than 1."),
        ("3", "post", "", "is missing: N2 is a new customer."), ("3", "country", "fr", "is an ISO code of two capital letters."),
    ]  # fmt: skip
    assert Customer.objects.count() == 1


def test_the_region_tree_comes_in_any_order_and_a_new_holder_follows(world: World, files: Files) -> None:
    path = files.csv("t.csv", table(
        "kind code name parent territory holder since", ("holding", "P9", "", "", "", "finance", "2024-01-01"), ("post", "P9", "Nine", "LYON1", "T9", "", ""),
        ("territory", "T9", "Nine", "LYON", "", "", ""), ("holding", "LYON1", "", "", "", "manager", "2025-01-01")))  # fmt: skip
    assert files.run("territories", path).counts == "4 rows in, 4 created, 0 changed, 0 the same, 0 rejected"
    assert Post.objects.get(code="P9").parent == world.post
    assert Territory.objects.get(code="T9").parent.code == "LYON"  # type: ignore[union-attr]
    assert [(h.user.username, h.during.upper) for h in PostHolding.objects.filter(post=world.post).order_by("during")] == [
        ("sales", date(2025, 1, 1)), ("manager", None)]  # fmt: skip
    circle = files.csv("u.csv", table("kind code parent", ("territory", "NORTH", "LYON")))
    files.run("territories", circle)
    assert files.rejected(circle) == [("2", "parent", "LYON", "NORTH would stand above itself.")]


def test_prices_lanes_receipts_and_calendars_are_written(world: World, files: Files) -> None:
    path = files.csv("p.csv", table("list scope customer currency valid_from sku minimum_quantity unit_price",
                                    ("SPECIAL", "customer", "ACME", "EUR", "2024-01-01", "A", "10", "8.5")))  # fmt: skip
    assert files.run("prices", path).refused == ""
    assert Price.objects.get(price_list__code="SPECIAL").unit_price == Decimal("8.5")
    assert PriceList.objects.get(code="SPECIAL").customer == world.customer
    path = files.csv("l.csv", table("location transit_zone transit_days", ("LYON", "DE", "3"), ("LYON", "FR", "4")))
    assert files.run("lanes", path).counts == "2 rows in, 1 created, 1 changed, 0 the same, 0 rejected"
    assert Lane.objects.get(location_id=world.lyon, transit_zone="FR").carrier == "Post"  # the file has no such column
    path = files.csv("r.csv", table("reference sku location available_date quantity", ("PO-9", "C", "TURIN", "2040-01-01", "60")))
    assert files.run("receipts", path).counts == "1 rows in, 1 created, 0 changed, 0 the same, 0 rejected"
    assert ExpectedReceipt.objects.get(reference="PO-9").quantity == 60
    assert sum(q for _day, q in supply([(world.products["C"].pk, world.turin)])[1][world.products["C"].pk, world.turin]) == 100
    path = files.csv("k.csv", table("code name weekdays day working day_name", ("SIX", "Six days", "mon tue wed thu fri sat", "2030-12-25", "no", "Christmas")))
    assert files.run("calendars", path).refused == ""
    six = Calendar.objects.get(code="SIX")
    assert (six.weekdays, six.days.get().name) == ([True] * 6 + [False], "Christmas")


def test_an_export_that_fails_leaves_the_file_as_it_was(world: World, files: Files, monkeypatch: Any) -> None:
    def broken() -> Iterator[dict[str, Any]]:
        yield {"code": "ONE"}
        raise OperationalError("the server is gone")

    entry = registered()["calendars"]
    monkeypatch.setitem(registered(), "calendars", replace(entry, export=broken))
    out = files.csv("calendars.csv", "before")
    with pytest.raises(CommandError, match="The database cannot be reached: the server is gone"):
        call_command("export_calendars", str(out), verbosity=0)
    assert out.read_text() == "before" and [path.name for path in files.folder.iterdir()] == ["calendars.csv"]


def test_every_format_is_described_with_all_its_columns() -> None:
    out = io.StringIO()
    call_command("formats", stdout=out)
    text = out.getvalue()
    for name, entry in registered().items():
        assert f"## {name}\n" in text
        assert all(f"| `{column.name}` |" in text for column in entry.columns)


WAREHOUSES = {"MAIN": ("main", 198_656), "BOSTON": ("boston", 78_580), "CHICAGO": ("chicago", 51_137)}


def test_openboxes_counts_come_in_and_the_same_file_again_changes_nothing(world: World, files: Files, shared_data: Path) -> None:
    """156 rows, 57 products, 328,373 units in three warehouses, with lots, bins and expiry dates."""
    week = Calendar.objects.get(code="week").pk
    counted = []
    for code, (name, _units) in WAREHOUSES.items():
        create_location(LocationRow(code, name.title(), week, "US"), by=world.system)
        with (shared_data / "openboxes" / f"{name}WarehouseInventory.csv").open(newline="", encoding="utf-8-sig") as source:
            counted += [(code, row) for row in csv.DictReader(source)]
    names = {row["Product code"]: row["Product name"] for _code, row in counted}
    assert files.run("products", files.csv("p.csv", table("sku name track_lots", *((sku, name, "yes") for sku, name in names.items())))).refused == ""
    rows = [(row["Product code"], code, row["Bin location"], row["Lot number"], day(row["Expiration date"]), row["Physical QOH"]) for code, row in counted]
    path = files.csv("s.csv", table("sku location bin lot expires_on quantity", *rows))
    assert files.run("stock", path).counts == "156 rows in, 125 created, 0 changed, 31 the same, 0 rejected"  # 31 empty places
    assert len(names) == 57
    for code, (_name, units) in WAREHOUSES.items():
        assert Balance.objects.filter(location__code=code).aggregate(s=Sum("on_hand"))["s"] == units
    movements = Movement.objects.count()
    for again in (path, files.csv("other_name.csv", path.read_bytes())):
        assert files.run("stock", again).counts == "156 rows in, 0 created, 0 changed, 156 the same, 0 rejected"
    assert Movement.objects.count() == movements


def day(american: str) -> str:
    """01/31/2025 as 2025-01-31."""
    return f"{american[6:]}-{american[:2]}-{american[3:5]}" if american else ""
