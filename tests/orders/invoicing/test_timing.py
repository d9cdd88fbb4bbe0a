"""When customers are invoiced: each shipment, each complete order, or once a week or month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from oms.events.consumers import News
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import release, ship
from orders.invoicing.receivers import invoice
from orders.invoicing.selectors import orders_due, timings_due
from orders.invoicing.services import invoice_order
from orders.models import Order, OrderLine, Shipment
from payments.models import BillingTerms, Invoice
from tests.payments.conftest import violated
from tests.world import World

D = Decimal


def shipped(w: World, quantity: int, *more: LineRequest) -> tuple[Order, Shipment]:
    order = Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", D(quantity)), *more), "web"), by=w.sales).number)
    shipment = Shipment.objects.get(pk=release([order.pk], by=w.manager)[0])
    ship(shipment.pk, by=w.warehouse)
    return order, shipment


def heard(w: World, order: Order, shipment: Shipment) -> None:
    from django.utils.timezone import now

    subjects = (("order", order.pk), ("shipment", shipment.pk))
    invoice(News(1, "shipment.shipped", now(), {}, subjects))


@pytest.mark.parametrize(("timing", "at_once"), [("shipment", True), ("order", True), ("weekly", False), ("monthly", False)])
def test_a_shipment_is_invoiced_as_the_customers_terms_say(db: Any, timing: str, at_once: bool) -> None:
    w = World.make()
    BillingTerms.objects.create(customer=w.customer, timing=timing)
    order, shipment = shipped(w, 2)
    heard(w, order, shipment)
    heard(w, order, shipment)
    assert list(Invoice.objects.values_list("total", flat=True)) == ([D("24.00")] if at_once else [])
    kinds = ["goods"]
    due = orders_due([timing], kinds) if not at_once else []
    assert due == ([] if at_once else [order.pk])
    if not at_once:
        invoice_order(order.pk, by=w.system)
        assert invoice_order(order.pk, by=w.system) is None
        assert Invoice.objects.get().total == D("24.00") and orders_due([timing], kinds) == []
    assert OrderLine.objects.get(order=order).quantity_invoiced == 2
    assert violated() == []


def test_an_incomplete_order_waits_where_orders_are_invoiced_whole(db: Any) -> None:
    w = World.make()
    order, _shipment = shipped(w, 2, LineRequest("C", D(1)))  # C is expected in three weeks
    assert OrderLine.objects.get(order=order, product__sku="C").quantity_shipped == 0
    assert invoice_order(order.pk, by=w.system, whole=True) is None
    assert not Invoice.objects.exists()
    invoice_order(order.pk, by=w.system)  # what left can still be invoiced by hand
    assert Invoice.objects.get().total == D("24.00")


def test_weeks_end_on_mondays_and_months_on_the_first() -> None:
    assert timings_due(date(2026, 6, 1)) == ["weekly", "monthly"]
    assert timings_due(date(2026, 6, 8)) == ["weekly"]
    assert timings_due(date(2026, 7, 1)) == ["monthly"]
    assert timings_due(date(2026, 6, 9)) == []
