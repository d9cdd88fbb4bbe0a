"""A small company for tests, made through the use cases: two locations, lanes, products, prices, people, one customer.

`World.make()` in a test with a database; every test starts from the same facts:
LYON and TURIN, Monday–Friday, cut-off 14:00 UTC, one working day to pick; zone FR is 1 day from LYON and 2 from TURIN.
A: 100 in LYON, 50 in TURIN. B: 10 in LYON. C: none, 40 expected in TURIN on `soon`. Prices 10, 20, 30. Tax 20 %.
Customer ACME (post LYON1, account limit 10,000). The policy approves up to 500 by itself; approvers up to 5,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateRange

from customers.models import Address, Customer, CustomerPost, CustomerUser, Post, PostHolding, Territory
from inventory.catalog.services import LocationRow, ProductRow, create_location, upsert_products
from inventory.models import LocationStaff, Product, StorageLocation
from inventory.stock.services.facts import Opening, set_opening
from inventory.stock.services.receipts import expect_receipt
from oms.access.services import create_user
from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.company.models import Calendar
from oms.company.services import CalendarSetup, CompanySetup, ReasonSetup, TaxSetup, setup_company
from orders.models import ApprovalPolicy, Lane, Price, PriceList
from payments.models import AccountMember, CreditAccount

# Names of databases that hold the small company already (tests/conftest.py).
PREPARED, WITH_WORLD = "world_", "_world"
PASSWORD = "a-Test-password-9"
LONG_AGO = date(1990, 1, 1)
SOON = timedelta(days=20)


@dataclass
class World:
    """Handles to what tests name."""

    system: User
    sales: User
    approver: User
    manager: User
    finance: User
    warehouse: User
    partner: User
    customer: Customer
    account: CreditAccount
    post: Post
    lyon: int
    turin: int
    soon: date
    products: dict[str, Product]

    @classmethod
    def make(cls, limit: int = 10_000) -> World:
        """Build it, with ACME's credit limit; about 40 statements. Where it was built before, it is found."""
        if str(connection.settings_dict["NAME"]).endswith(WITH_WORLD):
            return cls.found(limit)
        system = system_user()
        setup_company(SETUP, by=system)
        calendar = Calendar.objects.get(code="week")
        lyon = create_location(location("LYON", "Lyon", calendar.pk, "FR"), by=system)
        turin = create_location(location("TURIN", "Turin", calendar.pk, "IT"), by=system)
        for place, days in ((lyon, 1), (turin, 2)):
            Lane.objects.create(location_id=place, transit_zone="FR", transit_days=days, carrier="Post",
                                unit_cost=5 * days, shipment_cost=500 * days)
        users = {role: person(role, system) for role in ("sales", "approver", "manager", "finance", "warehouse", "partner")}
        LocationStaff.objects.create(user=users["warehouse"], location_id=lyon)
        LocationStaff.objects.create(user=users["warehouse"], location_id=turin)
        post = posts(users)
        customer = make_customer("ACME", "Acme Tools", post)
        account = open_account(customer, Decimal(limit))
        CustomerUser.objects.create(user=users["partner"], customer=customer)
        products = make_products(system)
        soon = date.today() + SOON
        set_opening(
            [
                Opening(products["A"].pk, lyon, "", "", None, 100),
                Opening(products["A"].pk, turin, "", "", None, 50),
                Opening(products["B"].pk, lyon, "", "", None, 10),
            ],
            by=system,
        )
        expect_receipt(products["C"].pk, turin, "PO-1", soon, 40, by=system)
        ApprovalPolicy.objects.create(version=1, active_from=datetime(1990, 1, 1, tzinfo=UTC), auto_limit=500, auto_max_discount=0,
                                      minimum_margin=Decimal("0.1"), approver_limit=5_000, together_hours=0, proposed_by=users["manager"])
        return cls(system=system, customer=customer, account=account, post=post, lyon=lyon, turin=turin, soon=soon,
                   products=products, **users)


    @classmethod
    def found(cls, limit: int) -> World:
        """The company of a prepared database, with ACME's credit limit."""
        users = {u.username: u for u in User.objects.filter(username__in=["sales", "approver", "manager", "finance", "warehouse", "partner"])}
        places = dict(StorageLocation.objects.values_list("code", "pk"))
        account = CreditAccount.objects.get()
        if account.limit != limit:
            account.limit = Decimal(limit)
            account.save()
        return cls(
            system=system_user(), customer=Customer.objects.get(code="ACME"), account=account, post=Post.objects.get(code="LYON1"),
            lyon=places["LYON"], turin=places["TURIN"], soon=date.today() + SOON, products={p.sku: p for p in Product.objects.all()}, **users,
        )  # fmt: skip


SETUP = CompanySetup(
    name="Northern Tools", currency="EUR", country="FR",
    currencies=[("EUR", 2), ("JPY", 0), ("KWD", 3), ("USD", 2)],
    calendars=[CalendarSetup("week", "Monday to Friday")],
    tax_rules=[TaxSetup("standard", "domestic", "standard", Decimal("0.2"), LONG_AGO)],
    series=[("invoice", "INV", 1), ("payment", "PAY", 1)],
    reasons=[ReasonSetup("cut", "no_stock", "No stock in time", party="supplier"),
             ReasonSetup("return", "damaged", "Damaged on the way", party="carrier"),
             ReasonSetup("return", "unwanted", "Not wanted", controllable=False, party="customer")],
)  # fmt: skip


def location(code: str, name: str, calendar_id: int, country: str) -> LocationRow:
    """A location that ships Monday to Friday, one working day after orders before 14:00."""
    return LocationRow(code, name, calendar_id, country, cut_off=time(14), release_window_days=2)


def person(role: str, by: Any) -> User:
    """A user named after their role."""
    return create_user(role, by=by, password=PASSWORD, roles=[role], first_name=role.title(), email=f"{role}@example.com")


def posts(users: dict[str, User]) -> Post:
    """North above Lyon; manager and approver hold posts above the sales post LYON1."""
    north = Territory.objects.create(code="NORTH", name="North")
    lyon = Territory.objects.create(code="LYON", name="Lyon", parent=north)
    head = Post.objects.create(code="NORTH1", name="Manager North", territory=north)
    second = Post.objects.create(code="NORTH2", name="Approver North", territory=north, parent=head)
    desk = Post.objects.create(code="LYON1", name="Sales Lyon", territory=lyon, parent=second)
    for post, role in ((head, "manager"), (second, "approver"), (desk, "sales")):
        PostHolding.objects.create(post=post, user=users[role], during=DateRange(LONG_AGO, None))
    return desk


def make_customer(code: str, name: str, post: Post, zone: str = "FR") -> Customer:
    """A customer with one address, owned by `post`."""
    customer = Customer.objects.create(code=code, name=name, post=post, currency_id="EUR", customer_class=1)
    CustomerPost.objects.create(customer=customer, post=post, during=DateRange(LONG_AGO, None))
    Address.objects.create(customer=customer, name=name, street="1 rue de la Paix", postal_code="69001", city="Lyon",
                           country="FR", transit_zone=zone, is_default=True)
    return customer


def open_account(customer: Customer, limit: Decimal) -> CreditAccount:
    """A credit account of the customer's own."""
    account = CreditAccount.objects.create(payer=customer, currency_id="EUR", limit=limit)
    AccountMember.objects.create(customer=customer, account=account)
    return account


def make_products(by: Any) -> dict[str, Product]:
    """A at 10, B at 20 (also by the case of 5), C at 30; costs half the price."""
    upsert_products(
        [
            ProductRow("A", "Adjustable spanner", family="Spanners", standard_cost=Decimal(5)),
            ProductRow("B", "Ball hammer", family="Hammers", standard_cost=Decimal(10), units=(("case", 5, 1),)),
            ProductRow("C", "Claw hammer", family="Hammers", standard_cost=Decimal(15)),
        ],
        by=by,
    )
    products = {p.sku: p for p in Product.objects.all()}
    base = PriceList.objects.create(code="BASE", name="Base", scope=3, currency_id="EUR", valid_from=LONG_AGO)
    Price.objects.bulk_create(
        Price(price_list=base, product=products[sku], unit_price=price) for sku, price in (("A", 10), ("B", 20), ("C", 30))
    )
    return products
