"""Orders by file: the same entry as every channel, every bad order named, history only with its own right."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import Sum

from inventory.models import Balance, Movement
from oms.events.models import Event
from oms.events.tasks import drain_all
from orders.models import Hold, Order, OrderLine, Shipment
from payments.models import CreditAccount, Invoice
from tests.oms.files.conftest import Files, files, live_world, table, world
from tests.oms.files.test_resume import ORDERS
from tests.world import World

__all__ = ["files", "live_world", "world"]


def test_rows_of_one_number_are_one_order_through_the_same_entry(world: World, files: Files) -> None:
    path = files.csv("o.csv", ORDERS)
    dry = files.run("orders", path, "--dry-run")
    assert dry.counts == "dry run: 5 rows in, 5 to create, 0 to change, 0 the same, 0 rejected"
    assert not Order.objects.exists()
    assert files.run("orders", path).counts == "5 rows in, 5 created, 0 changed, 0 the same, 0 rejected"
    order = Order.objects.get(external_id="X1")
    assert (order.channel, order.net, order.total, order.requested_date) == ("file", Decimal(78), Decimal("93.600"), date(2030, 3, 1))
    assert list(order.lines.order_by("position").values_list("kind", "quantity_ordered", "net")) == [
        ("goods", 3, Decimal(30)), ("goods", 2, Decimal(40)), ("charge", 1, Decimal(8))]  # fmt: skip
    assert bytes(order.raw_payload.body).decode().splitlines()[1] == "X1,ACME,2030-03-01,A,3,,"
    assert files.run("orders", path).counts == "5 rows in, 0 created, 0 changed, 5 the same, 0 rejected"
    assert Order.objects.count() == 3


BAD = table(
    "order customer customer_po ship_to sku quantity unit price reason charge",
    ("1", "NOBODY", "", "", "A", "1", "", "", "", ""),
    ("2", "ACME", "", "ROME", "A", "1", "", "", "", ""),
    ("3", "ACME", "", "", "Z", "1", "", "", "", ""),
    ("4", "ACME", "", "", "B", "1", "barrel", "", "", ""),
    ("5", "ACME", "", "", "B", "0.5", "", "", "", ""),
    ("6", "ACME", "", "", "A", "1", "", "9", "", ""),
    ("7", "ACME", "", "", "A", "", "", "", "", ""),
    ("8", "ACME", "", "", "", "", "", "", "", "Freight"),
    ("9", "ACME", "PO1", "", "A", "1", "", "", "", ""),
    ("10", "ACME", "PO1", "", "A", "1", "", "", "", ""),
    ("11", "ACME", "", "", "A", "1", "", "", "", ""),
    ("11", "OTHER", "", "", "A", "1", "", "", "", ""),
)
REASONS = [
    ("2", "customer", "NOBODY", "there is no active customer NOBODY."),
    ("3", "ship_to", "ROME", "ACME has no such address."),
    ("4", "sku", "Z", "There is no product Z."),
    ("5", "unit", "barrel", "B has no unit barrel."),
    ("6", "quantity", "0.5", "0.5 is not a whole number of base units; nearest: 1"),
    ("7", "price", "9", "A price or discount by hand needs a reason."),
    ("8", "quantity", "", "must be more than 0."),
    ("9", "price", "", "a charge needs an amount above 0."),
    ("11", "customer_po", "PO1", "PO1 was used before by this customer."),
    ("12", "", "", "row 13 of the same document is wrong."),
    ("13", "customer", "OTHER", "differs from row 12 of the same order."),
]


def test_every_bad_order_is_named_and_the_good_one_can_be_taken(world: World, files: Files) -> None:
    path = files.csv("o.csv", BAD)
    assert files.run("orders", path).counts == "12 rows in, 0 created, 0 changed, 0 the same, 11 rejected"
    assert files.rejected(path) == REASONS
    assert not Order.objects.exists()
    assert files.run("orders", path, "--partial").counts == "12 rows in, 1 created, 0 changed, 0 the same, 11 rejected"
    assert list(Order.objects.values_list("external_id", "customer_po")) == [("9", "PO1")]


HISTORY = "order customer requested_date ordered_at approved_at approved_by shipped_at delivered_date proof sku quantity price"


def test_history_needs_its_own_right_and_option(world: World, files: Files) -> None:
    path = files.csv("o.csv", table(HISTORY, ("H1", "ACME", "2020-02-01", "2020-01-02", "", "", "", "", "", "A", "5", "")))
    files.run("orders", path)
    assert files.rejected(path) == [("2", "ordered_at", "2020-01-02", "is for history only (--history).")]
    assert files.run("orders", path, "--history", "--by", "sales").refused == (
        "o.csv: Your role may not do this (orders.enter_history). Ask one of: Administrator, Manager.")
    assert not Order.objects.exists()


def test_history_goes_through_the_use_cases_on_its_own_dates(live_world: World, files: Files) -> None:
    rows = [("H1", "ACME", "2020-02-01", "2020-01-02", "2020-01-03", "approver", "2020-01-07 09:30", "2020-01-09", "carrier", "A", "5", "9.5"),
            ("H2", "ACME", "2020-02-01", "2020-01-02", "2020-01-03", "approver", "", "", "", "B", "4", "")]  # fmt: skip
    path = files.csv("o.csv", table(HISTORY, *rows))
    assert files.run("orders", path, "--history").counts == "2 rows in, 2 created, 0 changed, 0 the same, 0 rejected"
    drain_all()
    order = Order.objects.get(external_id="H1")
    assert (order.status, order.submitted_at, order.approved_at) == ("approved", datetime(2020, 1, 2, tzinfo=UTC), datetime(2020, 1, 3, tzinfo=UTC))
    assert order.approvals.get().by == live_world.approver
    shipment = Shipment.objects.get(order=order)
    assert (shipment.status, shipment.shipped_at, shipment.delivered_date) == ("delivered", datetime(2020, 1, 7, 9, 30, tzinfo=UTC), date(2020, 1, 9))
    assert Invoice.objects.get(order_id=order.pk).invoice_date == date(2020, 1, 7)
    assert Movement.objects.get(kind="issue").occurred_at == shipment.shipped_at
    line = OrderLine.objects.get(order__external_id="H2")
    assert (line.quantity_approved, line.quantity_shipped) == (4, 0)
    for name in ("order.submitted", "order.approved", "shipment.shipped", "shipment.delivered", "invoice.issued"):
        event = Event.objects.filter(name=name).order_by("pk").first()
        assert event is not None and event.data["imported_by"] == live_world.system.pk
    assert not Hold.objects.filter(released_at=None).exists()
    assert files.run("orders", path, "--history").counts == "2 rows in, 0 created, 0 changed, 2 the same, 0 rejected"
    assert Order.objects.count() == 2


@pytest.mark.parametrize(
    ("place", "steps"), [("", ("decided_elsewhere", "leave", "deliver")), ("LYON", ("decided_elsewhere", "left_elsewhere", "arrived_elsewhere"))]
)
def test_history_killed_in_the_middle_of_an_order_goes_on(
    live_world: World, files: Files, monkeypatch: Any, place: str, steps: tuple[str, ...]
) -> None:  # fmt: skip
    from orders.desk import services

    class Killed(BaseException):
        pass

    def die(*args: Any, **kwargs: Any) -> None:
        raise Killed

    row = ("H1", "ACME", "2020-02-01", "2020-01-02", "2020-01-03", "approver", "2020-01-07", "2020-01-09", "carrier", "A", "5", "", place)
    path = files.csv("o.csv", table(f"{HISTORY} shipped_from", row))
    for step in steps:
        with monkeypatch.context() as patch:
            patch.setattr(services, step, die)
            try:
                files.run("orders", path, "--history")
                raise AssertionError("not killed")
            except Killed:
                pass
    assert files.run("orders", path, "--history").refused == ""
    assert Order.objects.count() == Shipment.objects.filter(status="delivered").count() == 1
    assert OrderLine.objects.get().quantity_delivered == 5
    assert files.run("orders", path, "--history").counts == "1 rows in, 0 created, 0 changed, 1 the same, 0 rejected"


def test_credit_that_was_given_there_is_reserved_whatever_the_limit_here(world: World, files: Files) -> None:
    CreditAccount.objects.update(limit=10)
    rows = [("H1", "ACME", "2020-02-01", "2020-01-02", "2020-01-03", "approver", "", "", "", "A", "5", "9.5"),
            ("H2", "ACME", "2020-02-01", "2020-01-02", "", "", "", "", "", "B", "4", "")]  # fmt: skip
    assert files.run("orders", files.csv("o.csv", table(HISTORY, *rows)), "--history").refused == ""
    assert CreditAccount.objects.get().reserved == sum(Order.objects.values_list("total", flat=True)) == Decimal("153")
    assert not Hold.objects.filter(released_at=None).exists() and Hold.objects.filter(kind="credit").count() == 2
    call_command("verify", room="credit", verbosity=0)


def test_history_that_contradicts_itself_is_refused(world: World, files: Files) -> None:
    rows = [("H1", "ACME", "2020-02-01", "2020-01-02", "2020-01-01", "sales", "2020-01-03", "2020-01-02", "", "A", "5", ""),
            ("H2", "ACME", "2020-02-01", "2020-01-02", "", "", "2020-01-03", "", "", "A", "5", "")]  # fmt: skip
    path = files.csv("o.csv", table(HISTORY, *rows))
    files.run("orders", path, "--history")
    assert files.rejected(path) == [
        ("2", "approved_at", "2020-01-01", "lies before ordered_at."), ("2", "delivered_date", "2020-01-02", "lies before shipped_at."),
        ("2", "approved_by", "sales", "there is no approver sales."), ("3", "approved_at", "", "is missing: shipped_at builds on it."),
    ]  # fmt: skip
    assert not Order.objects.exists()


def test_history_of_long_ago_is_promised_on_its_own_calendar(live_world: World, files: Files) -> None:
    row = ("H1", "ACME", "1996-08-01", "1996-07-04", "1996-07-04", "approver", "", "", "", "A", "5", "")
    assert files.run("orders", files.csv("o.csv", table(HISTORY, row)), "--history").refused == ""
    promise = OrderLine.objects.get(order__external_id="H1").promises.get(kind="first")
    assert (promise.quantity, promise.ship_date, promise.delivery_date) == (5, date(1996, 7, 31), date(1996, 8, 1))


FACTS = f"{HISTORY} approved cancelled shipped shipped_from delivered undelivered"


def test_what_became_of_lines_is_checked_step_by_step(world: World, files: Files) -> None:
    head = ("ACME", "2020-02-01", "2020-01-02", "2020-01-03", "approver", "2020-01-07", "2020-01-09", "carrier", "A", "10", "9.5")
    rows = [("H1", *head, "8", "3", "", "LYON", "", ""), ("H2", *head, "8", "2", "9", "LYON", "", ""), ("H3", *head, "8", "2", "8", "LYON", "6", "3"),
            ("H4", *head, "8", "", "8", "ROME", "", ""), ("H5", *head, "8", "", "8", "", "", "")]  # fmt: skip
    path = files.csv("o.csv", table(FACTS, *rows))
    files.run("orders", path, "--history")
    assert files.rejected(path) == [
        ("2", "approved", "8", "11 of 10: more than came before it."), ("3", "shipped", "9", "9 of 8: more than came before it."),
        ("4", "delivered", "6", "9 of 8: more than came before it."), ("5", "shipped_from", "ROME", "there is no location ROME."),
        ("6", "shipped_from", "", "is missing: say where it left from."),
    ]  # fmt: skip
    assert not Order.objects.exists()


def test_a_row_without_a_product_goes_on_with_the_one_above_it(live_world: World, files: Files) -> None:
    head = ("ACME", "2020-02-01", "2020-01-02", "2020-01-03", "approver", "2020-01-07", "", "", "A", "10", "9.5")
    parts = [("H1", *("",) * 5, "2020-01-08", "2020-01-10", "signature", "", "", "", "", "", "4", "TURIN", "3", "1"), ("H1", *("",) * 5, "2020-01-08", "", "", "", "", "", "", "", "1", "TURIN", "0", "")]
    path = files.csv("o.csv", table(FACTS, ("H1", *head, "9", "1", "", "LYON", "", ""), *parts))
    assert files.run("orders", path, "--history").counts == "3 rows in, 3 created, 0 changed, 0 the same, 0 rejected"
    line = OrderLine.objects.get()
    assert (line.quantity_ordered, line.quantity_shipped, line.quantity_delivered, line.quantity_undelivered) == (10, 9, 3, 1)
    assert sorted(Shipment.objects.values_list("location__code", "shipped_at__date", "lines__quantity")) == [("LYON", date(2020, 1, 7), 4), ("TURIN", date(2020, 1, 8), 5)]
    assert files.run("orders", path, "--history").counts == "3 rows in, 0 created, 0 changed, 3 the same, 0 rejected"
    call_command("verify", room="fulfilment", verbosity=0)
    lone = files.csv("p.csv", table(FACTS, ("H2", *("",) * 5, "2020-01-08", "", "", "", "", "", "", "", "1", "TURIN", "", "")))
    files.run("orders", lone, "--history")
    assert ("2", "sku", "", "goes on with no product: name it, or the text of a charge.") in files.rejected(lone)


def test_lines_left_from_named_places_whatever_lies_there_now_and_the_policy_may_have_approved(live_world: World, files: Files) -> None:
    head = ("ACME", "2020-02-01", "2020-01-02", "2020-01-03", "", "2020-01-07", "", "", "A", "500", "9.5")
    rows = [("H1", *head, "400", "50", "300", "LYON", "", ""), ("H1", *("",) * 5, "2020-01-08", "2020-01-10", "signature", "B", "70", "1", "", "", "70", "TURIN", "60", "10")]
    path = files.csv("o.csv", table(FACTS, *rows))
    assert files.run("orders", path, "--history").refused == ""
    drain_all()
    order = Order.objects.get()
    assert order.approvals.get().policy_version == 1
    assert list(order.lines.order_by("position").values_list(
        "quantity_approved", "quantity_cancelled", "quantity_shipped", "quantity_delivered", "quantity_undelivered", "quantity_invoiced")) == [
        (400, 50, 300, 0, 0, 300), (70, 0, 70, 60, 10, 70)]  # fmt: skip
    assert sorted(Shipment.objects.values_list("location__code", "status", "shipped_at__date")) == [
        ("LYON", "shipped", date(2020, 1, 7)), ("TURIN", "delivered", date(2020, 1, 8))]  # fmt: skip
    assert dict(Balance.objects.values_list("product__sku").annotate(n=Sum("on_hand"))) == {"A": 150, "B": 10}
    call_command("verify", verbosity=0)
