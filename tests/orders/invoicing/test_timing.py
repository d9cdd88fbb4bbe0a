"""When customers are invoiced: each shipment, each complete order, or once a week or month."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oms.changes.services import confirm
from oms.events.consumers import News
from oms.events.models import EventSubject
from oms.kernel.errors import Conflict
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import deliver, release, ship
from orders.holds.services import place_hold
from orders.invoicing.receivers import invoice
from orders.invoicing.selectors import orders_due, timings_due
from orders.invoicing.services import (
    complete_orders,
    invoice_order,
    invoice_together,
    propose_cancel_invoice,
)
from orders.models import Order, OrderLine, Shipment
from payments.bank.domain import NewBankLine
from payments.bank.services import apply_line, record_bank_line
from payments.billing.selectors import orders_of, unsettled_orders
from payments.models import BankAccount, BillingTerms, Invoice
from reporting.facts.selectors import scope
from reporting.quantities.choices import Dimension
from reporting.quantities.selectors import Selection, comparison
from tests.oms.files.conftest import Files, files
from tests.payments.conftest import IBAN, TODAY, violated
from tests.world import World, make_customer, open_account

__all__ = ["files"]

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
    assert due == ([] if at_once else [[order.pk]])
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


@pytest.fixture
def month(db: Any) -> tuple[World, list[Order]]:
    """Three orders of a customer that is billed by the month, shipped."""
    w = World.make()
    BillingTerms.objects.create(customer=w.customer, timing="monthly")
    return w, [shipped(w, n)[0] for n in (1, 2, 3)]


def test_a_month_of_orders_is_one_invoice_that_settles_and_completes_all_of_them(month: tuple[World, list[Order]]) -> None:
    w, orders = month
    ids = [o.pk for o in orders]
    assert orders_due(["monthly"], ["goods"]) == [ids]
    pk = invoice_together(ids, by=w.system)
    assert invoice_together(ids, by=w.system) is None and orders_due(["monthly"], ["goods"]) == []
    one = Invoice.objects.get()
    assert (one.pk, one.total, one.order_id, [x.order_number for x in one.orders.order_by("pk")]) == (pk, D("72.00"), 0, [o.number for o in orders])
    assert [(x.order_number, x.quantity) for x in one.lines.order_by("pk")] == [(o.number, n) for o, n in zip(orders, (1, 2, 3), strict=True)]
    w.account.refresh_from_db()
    assert (w.account.reserved, w.account.receivable) == (D(0), D("72.00"))
    assert unsettled_orders(ids) == set(ids) and violated() == []
    client = Client()
    client.force_login(w.finance, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("payments:invoice-detail", args=[one.number])).content.decode()
    assert all(o.number in page for o in orders)
    assert client.get(reverse("payments:invoice-pdf", args=[one.number])).content.startswith(b"%PDF")
    assert one.number in client.get(reverse("payments:invoice-list") + f"?q={orders[1].number}").content.decode()
    client.force_login(w.sales, backend="django.contrib.auth.backends.ModelBackend")
    assert one.number in client.get(reverse("orders:order-detail", args=[orders[2].number])).content.decode()
    for shipment in Shipment.objects.all():
        deliver(shipment.pk, TODAY, "signature", by=w.warehouse)
    assert complete_orders(ids, by=w.system) == []
    bank = BankAccount.objects.create(name="Main", iban=IBAN, currency_id="EUR")
    line = record_bank_line(bank.pk, NewBankLine(TODAY, TODAY, D("72.00")), by=w.finance)
    apply_line(line, w.customer.pk, {one.pk: D("72.00")}, by=w.finance)
    assert {s.object_id for s in EventSubject.objects.filter(kind="order", event__name="payment.applied")} == set(ids)
    (row,) = comparison(scope(w.manager), Selection(TODAY - timedelta(days=40), TODAY, "EUR"), Dimension.PRODUCT, timezone.now(), ZoneInfo("UTC"))
    assert (row["invoiced"], row["paid"]) == (6, 6)
    assert complete_orders(ids, by=w.system) == ids and violated() == []


def test_what_is_held_is_left_out_and_cancelling_gives_every_order_its_reservation_back(month: tuple[World, list[Order]]) -> None:
    w, (first, second, third) = month
    place_hold(second.pk, "the tax number is wrong", by=w.manager, steps=["invoice"])
    invoice_together([first.pk, second.pk, third.pk], by=w.system)
    one = Invoice.objects.get()
    assert (one.total, orders_of([one])) == (D("48.00"), [first.pk, third.pk])
    change = propose_cancel_invoice(one.pk, "wrong period", by=w.finance)
    confirm(change.pk, by=w.manager)
    w.account.refresh_from_db()
    assert (w.account.reserved, w.account.receivable) == (D("72.00"), D(0))
    assert not any(OrderLine.objects.values_list("quantity_invoiced", flat=True)) and violated() == []


def test_orders_of_two_customers_are_never_on_one_invoice(month: tuple[World, list[Order]]) -> None:
    w, (first, *_others) = month
    other = make_customer("BETA", "Beta Works", w.post)
    open_account(other, D(5_000))
    foreign = Order.objects.get(number=submit(EntryRequest("BETA", (LineRequest("A", D(1)),), "web"), by=w.sales).number)
    ship(release([foreign.pk], by=w.manager)[0], by=w.warehouse)
    with pytest.raises(Conflict, match="one customer"):
        invoice_together([first.pk, foreign.pk], by=w.system)


def test_it_goes_out_by_file_and_comes_in_again_with_its_orders(month: tuple[World, list[Order]], files: Files) -> None:
    w, orders = month
    out = files.folder / "invoices.csv"
    with transaction.atomic():
        invoice_together([o.pk for o in orders], by=w.system)
        call_command("export_invoices", str(out), verbosity=0)
        assert " 0 created, 0 changed, " in files.run("invoices", out).counts
        transaction.set_rollback(True)
    assert not Invoice.objects.exists()
    assert files.run("invoices", out, "--history").refused == ""
    w.account.refresh_from_db()
    assert (w.account.reserved, w.account.receivable) == (D(0), D("72.00"))
    assert orders_of(Invoice.objects.all()) == [o.pk for o in orders]
    assert sorted(OrderLine.objects.values_list("quantity_invoiced", flat=True)) == [1, 2, 3] and violated() == []


def test_who_was_asked_for_money_ahead_is_left_out_whoever_asks(month: tuple[World, list[Order]], monkeypatch: pytest.MonkeyPatch) -> None:
    w, (first, second, third) = month
    monkeypatch.setattr("orders.invoicing.services.asked_ahead", lambda ids: {second.pk} & set(ids))
    invoice_together([first.pk, second.pk, third.pk], by=w.system)
    assert orders_of([Invoice.objects.get()]) == [first.pk, third.pk]
    assert invoice_together([second.pk], by=w.system) is None
