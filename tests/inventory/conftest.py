"""A small warehouse: one product and one location more than the tests need, and people with their rights."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest

from customers.models import Address, Customer, Post, Territory
from inventory.catalog.services import (
    LocationRow,
    ProductRow,
    assign_staff,
    upsert_locations,
    upsert_products,
)
from inventory.stock import bookings
from inventory.stock.models import Availability, Balance
from oms.access.services import create_user
from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.company.models import Calendar, Currency
from oms.events.services import command, current
from orders.models import Order, OrderLine, OrderTransition


@dataclass
class Warehouse:
    """Ids of bolt, nut and milk (lots), of north and south; `wanda` works at north."""

    bolt: int
    nut: int
    milk: int
    north: int
    south: int
    wanda: User
    manager: User
    system: User

    def cell(self, product=None, location=None):
        return Availability.objects.get(product_id=product or self.bolt, location_id=location or self.north)

    def balance(self, product=None, location=None, bin="", lot=""):
        return Balance.objects.get(
            product_id=product or self.bolt, location_id=location or self.north, bin=bin, lot=lot
        )

    def amounts(self, *place, **named):
        balance = self.balance(*place, **named)
        return balance.on_hand, balance.allocated, balance.blocked


def build():
    system = system_user()
    calendar = Calendar.objects.create(code="W", name="Week", weekdays=[True] * 5 + [False] * 2)
    products = upsert_products(
        [ProductRow("BOLT", "Bolt M8"), ProductRow("NUT", "Nut M8"), ProductRow("MILK", "Milk", track_lots=True)],
        by=system,
    )
    places = upsert_locations(
        [LocationRow("N", "North", calendar.pk, "DE"), LocationRow("S", "South", calendar.pk, "DE")], by=system
    )
    wanda = create_user("wanda", by=system, roles=["warehouse"])
    assign_staff({wanda.pk: [places["N"]]}, by=system)
    return Warehouse(
        products["BOLT"], products["NUT"], products["MILK"], places["N"], places["S"],
        wanda, create_user("mona", by=system, roles=["manager"]), system,
    )  # fmt: skip


@pytest.fixture
def house(db, booked):
    return build()


@pytest.fixture
def booked(monkeypatch):
    """The live bookings stock is told of, in place of the orders: a list of (product id, location id, day, quantity)."""
    rows = []
    bookings._load()  # who registers while the list is another one would be lost to the tests that follow
    monkeypatch.setattr("inventory.stock.bookings._load", lambda: None)
    monkeypatch.setattr("inventory.stock.bookings._readers", [lambda pairs: [r for r in rows if r[:2] in set(pairs)]])
    return rows


@pytest.fixture
def line(house):
    """(order id, line id) of a draft order for 100 bolts: what allocations and issues name."""
    now = datetime(2026, 1, 5, tzinfo=UTC)
    post = Post.objects.create(code="P", name="P", territory=Territory.objects.create(code="T", name="T"))
    currency = Currency.objects.create(code="EUR", exponent=2)
    customer = Customer.objects.create(code="ACME", name="Acme", post=post, currency=currency)
    address = Address.objects.create(customer=customer, name="Acme", country="DE", transit_zone="DE")
    with command("test.draft", by=house.system):
        order = Order.objects.create(
            number="SO1", status="draft", channel="desk", customer=customer, payer=customer, ship_to=address,
            currency=currency, requested_date=date(2026, 2, 1), entered_by=house.system, entered_at=now,
        )  # fmt: skip
        OrderTransition.objects.create(
            order=order, target="draft", by=house.system, at=now, event_id=current().event("order.drafted", [])
        )
        found = OrderLine.objects.create(
            order=order, position=1, product_id=house.bolt, description="Bolt", entered_quantity=100,
            entered_unit="each", rank_date=date(2026, 1, 5), unit_price=1, price_source="list", net=100,
            tax_category="standard", tax_rate=0, quantity_ordered=100,
        )  # fmt: skip
    return order.pk, found.pk
