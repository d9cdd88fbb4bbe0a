"""Orders out and in again: nothing new here; in an empty company the same quantities, decisions, shipments and money."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.db import transaction
from django.db.models import F, Sum

from inventory.models import Balance
from oms.events.tasks import drain_all
from orders.approval.services import Decision, decide
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, cancel, cancel_rest, submit
from orders.fulfilment.models import Arrival
from orders.fulfilment.services import deliver, lost, release, ship
from orders.models import Approval, Order, OrderLine, Shipment
from payments.bank.models import BankAccount, Payment
from payments.bank.services import NewBankLine, apply_line, record_bank_line
from payments.models import CreditAccount, Invoice
from tests.oms.files.conftest import Files, files, world
from tests.world import World

__all__ = ["files", "world"]

WHEN = datetime(2026, 3, 2, 9, tzinfo=UTC)


def enter(world: World, sku: str, quantity: int, po: str, **more: Any) -> Order:
    """An order of one product with freight, by the sales person, on a Monday."""
    request = EntryRequest("ACME", (LineRequest(sku, Decimal(quantity)), *more.pop("lines", ())), "web", charges=(ChargeRequest("Freight", Decimal("12.50")),),
                           customer_po=po, requested_date=date(2026, 3, 9), **more)  # fmt: skip
    return Order.objects.get(pk=submit(request, by=world.sales, at=WHEN).order_id)


def lines_of(order: Order) -> list[OrderLine]:
    return list(order.lines.order_by("position"))


def fill(world: World, bank: BankAccount) -> None:
    """Orders in every state."""
    later = WHEN + timedelta(days=1)
    enter(world, "A", 51, "UNDECIDED")
    small = enter(world, "A", 4, "POLICY")
    assert small.status == "approved"
    cut = enter(world, "A", 55, "CUT")
    decide(cut.pk, {lines_of(cut)[0].pk: Decision(20, 25, "no_stock")}, by=world.approver, at=later, accept_changes=True)
    rejected = enter(world, "A", 80, "REJECTED")
    decide(rejected.pk, {lines_of(rejected)[0].pk: Decision(0, 80, "no_stock")}, by=world.approver, at=later)
    gone = enter(world, "B", 2, "CANCELLED")
    cancel(gone.pk, "not wanted", by=world.sales, at=later)
    less = enter(world, "A", 52, "LESS")
    amend(less.pk, Amendment((LineChange(lines_of(less)[0].pk, quantity=45),), reason="fewer"), by=world.sales, version=less.version, at=later)
    paid = enter(world, "A", 5, "PAID", lines=(LineRequest("B", Decimal(3), price=Decimal("17.123456"), reason="deal"),))
    half = enter(world, "B", 4, "HALF")
    stray = enter(world, "A", 7, "LOST")
    for order in (paid, half, stray):
        (shipment,) = release([order.pk], by=world.manager, at=later, early=True)
        rows = Shipment.objects.get(pk=shipment).lines.order_by("pk")
        ship(shipment, {x.pk: min(3, x.quantity) for x in rows} if order != stray else None, by=world.warehouse, at=later + timedelta(hours=2))
    rest = Shipment.objects.get(order=paid, status="released")
    ship(rest.pk, by=world.warehouse, at=later + timedelta(days=1))
    for shipment, day in zip(Shipment.objects.filter(order=paid).order_by("pk"), (5, 9), strict=True):
        deliver(shipment.pk, date(2026, 3, day), "signature", by=world.warehouse, at=later + timedelta(days=2))
    lost(Shipment.objects.get(order=stray).pk, "truck burnt", by=world.warehouse, at=later + timedelta(days=3))
    cancel_rest(half.pk, "enough", by=world.sales, at=later + timedelta(days=3))
    drain_all()
    for invoice in Invoice.objects.filter(order_id=paid.pk):
        line = record_bank_line(bank.pk, NewBankLine(date(2026, 4, 1), date(2026, 4, 1), invoice.total, text=invoice.number), by=world.finance)
        apply_line(line, world.customer.pk, {invoice.pk: invoice.total}, by=world.finance)
    drain_all()


LINES = ("approved", "cancelled", "shipped", "delivered", "undelivered", "invoiced", "ordered")


def figures() -> Any:
    """What the books show, by what is the same everywhere."""
    orders = Order.objects.order_by("customer_po")
    lines = OrderLine.objects.order_by("order__customer_po", "position")
    return {
        "orders": list(orders.values_list("customer_po", "status", "net", "total", "requested_date", "submitted_at", "approved_at", "delivery_rule")),
        "lines": list(lines.values_list("order__customer_po", "kind", "product__sku", "unit_price", "net", *(f"quantity_{name}" for name in LINES))),
        "approvals": sorted(Approval.objects.filter(lines__approved__gt=0).values_list("order__customer_po", "by__username", "at").distinct(), key=str),
        "arrived": sorted(Arrival.objects.values_list("line__order__customer_po", "line__product__sku", "kind", "quantity", "day", "proof")),
        "shipped": list(Shipment.objects.exclude(shipped_at=None).order_by("order__customer_po", "shipped_at").values_list("order__customer_po", "location__code", "shipped_at", "status", "delivered_date")),
        "invoices": list(Invoice.objects.order_by("number").values_list("number", "invoice_date", "due_date", "net", "tax", "total", "applied")),
        "invoiced": sorted((x.order.customer_po, n) for x in OrderLine.objects.select_related("order") for n in [x.quantity_invoiced]),
        "payments": list(Payment.objects.order_by("number").values_list("number", "amount", "applied")),
        "account": list(CreditAccount.objects.values_list("reserved", "receivable", "unapplied")),
        "stock": list(Balance.objects.exclude(on_hand=0).order_by("location", "product").values_list("location__code", "product__sku", "on_hand")),
    }  # fmt: skip


def export(folder: Path, *names: str) -> dict[str, Path]:
    paths = {name: folder / f"{name}.csv" for name in names}
    for name, path in paths.items():
        call_command(f"export_{name}", str(path), verbosity=0)
    return paths


def test_orders_in_every_state_come_back_with_the_same_figures(world: World, files: Files) -> None:
    bank = BankAccount.objects.create(name="House bank", iban="FR7630006000011234567890189", currency_id="EUR")
    with transaction.atomic():
        fill(world, bank)
        paths = export(files.folder, "stock", "orders", "invoices", "payments")
        for name, path in paths.items():
            run = files.run(name, path)
            assert (run.refused, " 0 created, 0 changed, " in run.counts, " 0 rejected" in run.counts) == ("", True, True), (name, run.said)
        before = figures()
        assert {status for _po, status, *_rest in before["orders"]} == {"submitted", "approved", "rejected", "cancelled", "completed"}
        assert len(before["shipped"]) == 4 and len(before["invoices"]) == 4 and len(before["arrived"]) == 4
        transaction.set_rollback(True)
    assert not Order.objects.exists()
    for name in ("stock", "orders", "invoices", "payments"):
        run = files.run(name, paths[name], "--history")
        assert run.refused == "", (name, run.said, Path(f"{paths[name]}.rejected.csv").read_text())
        drain_all()
    now = figures()
    for name, shown in before.items():
        assert now[name] == shown, name
    call_command("verify", verbosity=0)
    assert files.run("orders", paths["orders"], "--history").counts.split(", ")[1:3] == ["0 created", "0 changed"]
    again = export(files.folder / ".", "orders")
    assert again["orders"].read_bytes().count(b"\n") == OrderLine.objects.count() + 1 + 1  # the head, and the second part of a line


def test_without_history_an_exported_order_is_refused_where_it_is_new(world: World, files: Files) -> None:
    with transaction.atomic():
        enter(world, "A", 10, "POLICY")
        paths = export(files.folder, "orders")
        transaction.set_rollback(True)
    assert files.run("orders", paths["orders"]).counts == "2 rows in, 0 created, 0 changed, 0 the same, 2 rejected"
    assert ("2", "ordered_at") in {row[:2] for row in files.rejected(paths["orders"])}
    assert not Order.objects.exists() and OrderLine.objects.aggregate(s=Sum(F("quantity_ordered")))["s"] is None
