"""Northwind, a wholesaler of 1996–98: its tables turned into the documented formats and brought in by the commands.

Reads the folder data/northwind of the shared data, given by the caller. The reports-to tree becomes posts and holdings; two
warehouses serve two zones; every order is entered, approved by the seller's superior, shipped and delivered by the use
cases on its own dates. Arrival is not in the data: three days after shipping, marked as assumed.
"""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import connection

from customers.models import Customer
from inventory.catalog.services import LocationRow, create_location
from oms.access.services import create_user
from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.company.models import Calendar
from oms.company.services import CalendarSetup, CompanySetup, TaxSetup, setup_company
from oms.events.tasks import drain_all
from orders.models import ApprovalPolicy, Lane
from payments.credit.services import AccountRow, open_accounts
from tests.depth import SOAKING

PASSWORD = "a-Test-password-9"
BEGIN = date(1992, 1, 1)
COUNTRIES = {
    "Argentina": "AR", "Austria": "AT", "Belgium": "BE", "Brazil": "BR", "Canada": "CA", "Denmark": "DK", "Finland": "FI", "France": "FR",
    "Germany": "DE", "Ireland": "IE", "Italy": "IT", "Mexico": "MX", "Norway": "NO", "Poland": "PL", "Portugal": "PT", "Spain": "ES",
    "Sweden": "SE", "Switzerland": "CH", "UK": "GB", "USA": "US", "Venezuela": "VE",
}  # fmt: skip
AMERICAS = {"AR", "BR", "CA", "MX", "US", "VE"}
SETUP = CompanySetup(
    name="Northwind Traders", currency="USD", country="US", currencies=[("USD", 2), ("EUR", 2)],
    calendars=[CalendarSetup("week", "Monday to Friday")],
    tax_rules=[TaxSetup("standard", "domestic", "zero", Decimal(0), BEGIN), TaxSetup("standard", "export", "export", Decimal(0), BEGIN)],
    series=[("invoice", "INV", 1), ("payment", "PAY", 1)],
)  # fmt: skip

Rows = list[dict[str, str]]
# The suite brings in a quarter, with every kind of order; `make soak` all three years.
WHOLE = SOAKING


@dataclass
class Northwind:
    """The tables as read, and the folder for the files made of them; `whole`: all 830 orders, else those until September 1996 and what was never shipped."""

    source: Path
    target: Path
    whole: bool = WHOLE

    def table(self, name: str) -> Rows:
        """One table, as text."""
        with (self.source / f"{name}.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if self.whole or name not in ("orders", "order_details"):
            return rows
        if name == "orders":
            return [o for o in rows if o["OrderDate"] < "1996-10" or not o["ShippedDate"]]
        chosen = {o["OrderID"] for o in self.table("orders")}
        return [line for line in rows if line["OrderID"] in chosen]

    def write(self, name: str, header: str, rows: Iterable[Sequence[Any]]) -> Path:
        """A file in a documented format."""
        path = self.target / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header.split(), *rows])
        return path

    def bring_in(self) -> None:
        """Everything, in the order a company would: who, what, where, then what happened."""
        system = system_user()
        setup_company(SETUP, by=system)
        self.people(system)
        self.load("territories", self.tree())
        self.load("customers", self.customers())
        ids = Customer.objects.order_by("code").values_list("pk", flat=True)
        open_accounts([AccountRow(pk, "USD", Decimal(10_000_000)) for pk in ids], by=system)
        self.load("products", self.products())
        self.load("prices", self.prices())
        self.places(system)
        self.load("stock", self.stock(), "--history")
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        self.load("orders", self.orders(), "--history")
        drain_all()
        self.load("products", self.products(retired=True))

    def load(self, name: str, path: Path, *options: str) -> None:
        """`manage.py import_<name>`; a rejected row is a failure."""
        call_command(f"import_{name}", str(path), *options, verbosity=0)

    def people(self, by: Any) -> None:
        """Nine employees as users, each by the last name; who has people below them decides orders."""
        employees = self.table("employees")
        bosses = {e["ReportsTo"] for e in employees}
        for e in employees:
            roles = ["manager"] if not e["ReportsTo"] else ["sales", "approver"] if e["EmployeeID"] in bosses else ["sales"]
            create_user(username(e), by=by, password=PASSWORD, roles=roles, first_name=e["FirstName"], last_name=e["LastName"])
        ApprovalPolicy.objects.create(version=1, active_from=datetime.combine(BEGIN, time(), UTC), auto_limit=0, approver_limit=50_000, together_hours=0,
                                      proposed_by=User.objects.get(username="fuller"))

    def tree(self) -> Path:
        """Regions and territories under one top; a post an employee, above it the post they report to."""
        regions = {r["RegionID"]: r["RegionDescription"].strip() for r in self.table("region")}
        territories = self.table("territories")
        region_of = {t["TerritoryID"]: t["RegionID"] for t in territories}
        covered = {e["EmployeeID"]: region_of[e["TerritoryID"]] for e in self.table("employee_territories")}
        rows: list[tuple[Any, ...]] = [("territory", "NW", "Northwind", "", "", "", "")]
        rows += [("territory", f"R{i}", name, "NW", "", "", "") for i, name in regions.items()]
        rows += [("territory", t["TerritoryID"], t["TerritoryDescription"].strip(), f"R{t['RegionID']}", "", "", "") for t in territories]
        for e in self.table("employees"):
            place = f"R{covered[e['EmployeeID']]}" if e["ReportsTo"] else "NW"
            rows.append(("post", post(e["EmployeeID"]), e["Title"], post(e["ReportsTo"]) if e["ReportsTo"] else "", place, "", ""))
            rows.append(("holding", post(e["EmployeeID"]), "", "", "", username(e), e["HireDate"]))
        return self.write("territories", "kind code name parent territory holder since", rows)

    def customers(self) -> Path:
        """91 customers, owned by the post that sold them most; the two without orders by the top post."""
        sold: dict[str, Counter[str]] = defaultdict(Counter)
        for order in self.table("orders"):
            sold[order["CustomerID"]][order["EmployeeID"]] += 1
        rows = []
        for c in self.table("customers"):
            country = COUNTRIES[c["Country"]]
            best = min(sold[c["CustomerID"]].items(), key=lambda item: (-item[1], item[0]))[0] if c["CustomerID"] in sold else "2"
            rows.append((c["CustomerID"], c["CompanyName"], post(best), BEGIN, "domestic" if country == "US" else "export", c["Address"], c["PostalCode"],
                         c["City"], c["Region"], country, zone(country), c["ContactName"], c["ContactTitle"], c["Phone"]))  # fmt: skip
        header = ("code name post owned_since tax_status street postal_code city region country transit_zone contact contact_title contact_phone")
        return self.write("customers", header, rows)

    def products(self, retired: bool = False) -> Path:
        """77 products by number; `retired` marks those that are sold no more."""
        families = {c["CategoryID"]: c["CategoryName"] for c in self.table("categories")}
        rows = [(p["ProductID"], p["ProductName"], families[p["CategoryID"]], p["ReorderLevel"], "retired" if retired and p["Discontinued"] == "1" else "active")
                for p in self.table("products")]  # fmt: skip
        return self.write("products", "sku name family reorder_level status", rows)

    def prices(self) -> Path:
        """The list prices of today; the orders bring their own."""
        rows = [("NW", "base", "USD", BEGIN, p["ProductID"], p["UnitPrice"]) for p in self.table("products")]
        return self.write("prices", "list scope currency valid_from sku unit_price", rows)

    def places(self, by: Any) -> None:
        """Two warehouses, each the nearer one of a zone."""
        week = Calendar.objects.get(code="week").pk
        east = create_location(LocationRow("EAST", "Harbour East", week, "US", cut_off=time(14)), by=by)
        west = create_location(LocationRow("WEST", "Harbour West", week, "US", cut_off=time(14)), by=by)
        for name, near, far in (("EU", east, west), ("AM", west, east)):
            Lane.objects.create(location_id=near, transit_zone=name, transit_days=3, carrier="Speedy Express", unit_cost=1, shipment_cost=100)
            Lane.objects.create(location_id=far, transit_zone=name, transit_days=9, carrier="United Package", unit_cost=5, shipment_cost=900)

    def stock(self) -> Path:
        """What lay there at the start: what lies there today and all that was shipped since, by the zone it went to."""
        shipped = {o["OrderID"]: COUNTRIES[o["ShipCountry"]] for o in self.table("orders") if o["ShippedDate"]}
        needed: Counter[tuple[str, str]] = Counter()
        for line in self.table("order_details"):
            if line["OrderID"] in shipped:
                needed[line["ProductID"], "WEST" if shipped[line["OrderID"]] in AMERICAS else "EAST"] += int(line["Quantity"])
        for p in self.table("products"):
            needed[p["ProductID"], "EAST"] += int(p["UnitsInStock"])
        rows = [(sku, place, quantity, BEGIN) for (sku, place), quantity in sorted(needed.items()) if quantity]
        return self.write("stock", "sku location quantity counted_at", rows)

    def orders(self) -> Path:
        """The orders by date, those that were never shipped last; freight as a charge."""
        lines: dict[str, Rows] = defaultdict(list)
        for line in self.table("order_details"):
            lines[line["OrderID"]].append(line)
        employees = {e["EmployeeID"]: e for e in self.table("employees")}
        rows: list[tuple[Any, ...]] = []
        orders = self.table("orders")
        for o in sorted(orders, key=lambda o: (not o["ShippedDate"], o["OrderDate"], o["OrderID"])):
            rows += order_rows(o, lines[o["OrderID"]], approver(employees, o["EmployeeID"]))
        header = ("order customer requested_date ordered_at approved_at approved_by shipped_at delivered_date proof sku quantity price discount charge")
        return self.write("orders", header, rows)


def order_rows(o: Mapping[str, str], lines: Rows, decided_by: str) -> Iterator[tuple[Any, ...]]:
    """One order: the head on its first row, then the other lines, then the freight."""
    arrived = (date.fromisoformat(o["ShippedDate"]) + timedelta(days=3)).isoformat() if o["ShippedDate"] else ""
    head = (o["CustomerID"], o["RequiredDate"], o["OrderDate"], o["OrderDate"], decided_by, o["ShippedDate"], arrived, "assumed" if arrived else "")
    for n, line in enumerate(lines):
        yield (o["OrderID"], *(("",) * 8 if n else head), line["ProductID"], line["Quantity"], line["UnitPrice"], line["Discount"], "")
    if Decimal(o["Freight"]):
        yield (o["OrderID"], *("",) * 8, "", "", o["Freight"], "", "Freight")


def username(employee: Mapping[str, str]) -> str:
    """The last name."""
    return employee["LastName"].lower()


def post(employee_id: str) -> str:
    """An employee's post."""
    return f"E{employee_id}"


def approver(employees: Mapping[str, Mapping[str, str]], employee_id: str) -> str:
    """Whom the seller reports to; for the one on top the sales manager below."""
    return username(employees[employees[employee_id]["ReportsTo"] or "5"])


def zone(country: str) -> str:
    """The lanes' zone of a country."""
    return "AM" if country in AMERICAS else "EU"
