"""Northwind brought in by the import commands: the ledgers show its known figures to the cent."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import F, Sum

from customers.models import Customer, Post, PostHolding, Territory
from inventory.models import Balance, Movement, Product
from oms.events.models import Delivery, Event
from oms.events.tasks import drain_all
from orders.models import Approval, Order, OrderLine, Shipment
from payments.models import CreditAccount, Invoice, InvoiceLine, ReceivableEntry
from tests.northwind import Northwind

GOODS = OrderLine.objects.filter(kind="goods")
UNROUNDED = F("quantity_ordered") * F("unit_price") * (1 - F("discount"))


@pytest.fixture
def source(shared_data: Path, tmp_path: Path) -> Northwind:
    """The tables that were brought in."""
    return Northwind(shared_data / "northwind", tmp_path)


def total(rows: Any, expression: Any) -> Decimal:
    """The sum over rows."""
    return rows.aggregate(s=Sum(expression))["s"]


def cents(amount: Decimal) -> str:
    """As people write it."""
    return f"{amount:,.2f}"


def test_the_books_show_northwinds_figures_to_the_cent(northwind_db: str, source: Northwind) -> None:
    orders, lines = source.table("orders"), source.table("order_details")
    price = {(x["OrderID"], x["ProductID"]): Decimal(x["UnitPrice"]) * int(x["Quantity"]) for x in lines}
    net = {(x["OrderID"], x["ProductID"]): price[x["OrderID"], x["ProductID"]] * (1 - Decimal(x["Discount"])) for x in lines}
    rounded = sum(x.quantize(Decimal("0.01"), ROUND_HALF_UP) for x in net.values())
    freight = sum(Decimal(o["Freight"]).quantize(Decimal("0.01"), ROUND_HALF_UP) for o in orders)
    assert (Order.objects.count(), GOODS.count()) == (len(orders), len(lines))
    assert total(GOODS, F("quantity_ordered") * F("unit_price")) == sum(price.values())
    assert total(GOODS, UNROUNDED) == sum(net.values())
    assert total(GOODS, "net") == rounded  # half up, once per line
    assert total(OrderLine.objects.filter(kind="charge"), "net") == freight
    assert total(Order.objects.all(), "total") == rounded + freight
    years = ((1996, 152, "208,083.97"), (1997, 408, "617,085.20"), (1998, 270, "440,623.87"))
    for year, count, amount in years if source.whole else ((1996, 70, "79,728.57"),):
        assert Order.objects.filter(submitted_at__year=year).count() == count
        assert cents(total(GOODS.filter(order__submitted_at__year=year), UNROUNDED)) == amount
    if source.whole:
        assert (cents(sum(price.values(), Decimal(0))), rounded + freight) == ("1,354,458.59", Decimal("1330735.98"))
    assert Customer.objects.count() == 91
    assert Customer.objects.exclude(orders=None).count() == len({o["CustomerID"] for o in orders})


def test_every_order_was_approved_by_somebody_else_and_shipped_on_its_day(northwind_db: str, source: Northwind) -> None:
    orders = {o["OrderID"]: o for o in source.table("orders")}
    gone = {n: o for n, o in orders.items() if o["ShippedDate"]}
    assert dict(Order.objects.values_list("status").annotate(n=Sum(1)).order_by("status")) == {"approved": len(orders)}
    assert Approval.objects.exclude(by=None).exclude(by=F("entered_by")).exclude(by=F("submitted_by")).count() == len(orders)
    shipped = Order.objects.filter(shipments__status="delivered").distinct()
    assert (shipped.count(), Order.objects.filter(shipments=None).count()) == (len(gone), 21)
    left = Shipment.objects.values_list("order__external_id", "shipped_at__date")
    assert {(number, str(day)) for number, day in left} == {(n, o["ShippedDate"]) for n, o in gone.items()}
    late = sum(o["ShippedDate"] > o["RequiredDate"] for o in gone.values())
    assert shipped.filter(shipments__shipped_at__date__gt=F("requested_date")).distinct().count() == late > 0
    assert not GOODS.exclude(order__shipments=None).exclude(quantity_delivered=F("quantity_ordered")).exists()


def test_stock_ends_as_counted_and_invoices_carry_all_that_left(northwind_db: str, source: Northwind) -> None:
    on_hand = dict(Balance.objects.values_list("product__sku").annotate(s=Sum("on_hand")))
    counted = {p["ProductID"]: int(p["UnitsInStock"]) for p in source.table("products")}
    assert {sku: on_hand.get(sku, 0) for sku in counted} == counted
    assert Balance.objects.filter(location__code="WEST").exists()
    issued = -total(Movement.objects.filter(kind="issue"), "quantity")
    assert issued == total(GOODS, "quantity_shipped") == total(InvoiceLine.objects.exclude(sku=""), "quantity")
    shipped = OrderLine.objects.exclude(order__shipments=None)
    assert total(Invoice.objects.all(), "net") == total(shipped, "net") == total(CreditAccount.objects.all(), "receivable")
    assert total(ReceivableEntry.objects.all(), "amount") == total(Invoice.objects.all(), "total")
    assert total(CreditAccount.objects.all(), "reserved") == total(OrderLine.objects.filter(order__shipments=None), "net")
    assert Product.objects.filter(status="retired").count() == 8


def test_the_reports_to_tree_became_posts(northwind_db: str) -> None:
    assert Territory.objects.count() == 1 + 4 + 53
    assert PostHolding.objects.count() == Post.objects.count() == 9
    assert set(Post.objects.filter(parent__code="E5").values_list("code", flat=True)) == {"E6", "E7", "E9"}
    assert set(Post.objects.filter(parent__code="E2").values_list("code", flat=True)) == {"E1", "E3", "E4", "E5", "E8"}


def test_history_is_said_in_the_audit_and_everything_verifies(northwind_db: str, source: Northwind, capsys: Any) -> None:
    submitted = Event.objects.filter(name="order.submitted")
    assert submitted.count() == len(source.table("orders"))
    assert all("imported_by" in event.data for event in submitted[:20])
    assert all("imported_by" in event.data for event in Event.objects.filter(name="invoice.issued")[:20])
    assert not Delivery.objects.exclude(status="done").exists()
    drain_all()  # what the last round left unsealed for a transaction of another test process
    call_command("verify")
    assert "FAIL" not in capsys.readouterr().out
