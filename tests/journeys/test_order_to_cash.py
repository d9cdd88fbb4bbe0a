"""The way through: an order entered, approved by quantity, allocated, shipped in part, invoiced, paid, completed."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command

from inventory.models import Availability, Balance
from oms.events.selectors import timeline
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden
from orders.approval.services import Decision, decide
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import deliver, release, ship
from orders.models import Order, OrderLine, Promise, Shipment
from payments.bank.services import NewBankLine, apply_line, record_bank_line, reverse_payment
from payments.models import BankAccount, CreditAccount, Invoice
from tests.world import World


@pytest.fixture
def world(live_db: str) -> World:
    """A fresh world with real commits."""
    return World.make()


def enter(world: World) -> Order:
    """90 A and 5 B with freight: too large for the policy to approve by itself."""
    lines = (LineRequest("A", Decimal(90)), LineRequest("B", Decimal(5)))
    request = EntryRequest("ACME", lines, "web", charges=(ChargeRequest("Freight", Decimal(8)),))
    return Order.objects.get(number=submit(request, by=world.sales).number)


def line(order: Order, position: int) -> OrderLine:
    """A fresh line of the order."""
    return order.lines.get(position=position)


def test_from_order_to_cash(world: World, capsys: Any) -> None:
    order = enter(world)
    assert CreditAccount.objects.get().reserved == Decimal("1209.60")

    with pytest.raises(Forbidden):
        decide(order.pk, None, by=world.sales)
    a, b = line(order, 1).pk, line(order, 2).pk
    decide(order.pk, {a: Decision(80, 10, "no_stock"), b: Decision(5)}, by=world.approver)
    order.refresh_from_db()
    assert (order.status, line(order, 1).quantity_approved, line(order, 1).quantity_cancelled) == ("approved", 80, 10)
    assert line(order, 3).quantity_approved == 1
    assert CreditAccount.objects.get().reserved == Decimal("1089.60")
    assert Promise.objects.get(line_id=a, kind="first").quantity == 80
    assert Availability.objects.get(product=world.products["A"], location_id=world.lyon).free == [20]

    (shipment_id,) = release([order.pk], by=world.manager)
    assert line(order, 1).quantity_allocated == 80
    assert Balance.objects.get(product=world.products["A"], location_id=world.lyon).allocated == 80

    parts = {x.pk: (50 if x.line_id == a else x.quantity) for x in Shipment.objects.get(pk=shipment_id).lines.all()}
    ship(shipment_id, parts, by=world.warehouse, tracking_number="T1")
    assert (line(order, 1).quantity_shipped, line(order, 1).quantity_allocated) == (50, 30)
    assert Balance.objects.get(product=world.products["A"], location_id=world.lyon).on_hand == 50
    rest = Shipment.objects.get(order=order, status="released")
    ship(rest.pk, by=world.warehouse)

    drain_all()
    invoices = list(Invoice.objects.order_by("pk"))
    assert [i.total for i in invoices] == [Decimal("729.60"), Decimal("360.00")]
    account = CreditAccount.objects.get()
    assert (account.reserved, account.receivable) == (Decimal(0), Decimal("1089.60"))

    for shipment in Shipment.objects.all():
        deliver(shipment.pk, date.today() + timedelta(days=1), "signature", by=world.warehouse)

    bank = BankAccount.objects.create(name="Main", iban="FR7630006000011234567890189", currency_id="EUR")
    received = NewBankLine(date.today(), date.today(), Decimal("1100.00"), text="INV1 INV2 Acme")
    with pytest.raises(Forbidden):
        record_bank_line(bank.pk, received, by=world.sales)
    line_id = record_bank_line(bank.pk, received, by=world.finance)
    everything = {i.pk: i.total for i in invoices}
    wrong = apply_line(line_id, world.customer.pk, everything, by=world.finance)
    with pytest.raises(Conflict) as second:
        apply_line(line_id, world.customer.pk, everything, by=world.finance)
    assert second.value.code == "above_open" or second.value.code == "matched"
    reverse_payment(wrong.pk, "wrong customer", by=world.finance)
    assert CreditAccount.objects.get().receivable == Decimal("1089.60")
    apply_line(line_id, world.customer.pk, everything, by=world.finance)
    assert CreditAccount.objects.get().unapplied == Decimal("10.40")

    drain_all()
    order.refresh_from_db()
    assert order.status == "completed"
    assert [e.name for e in timeline("order", order.pk)] == [
        "order.submitted", "order.approved", "shipment.released", "shipment.released", "shipment.shipped",
        "shipment.shipped", "invoice.issued", "invoice.issued", "shipment.delivered", "shipment.delivered",
        "payment.applied", "payment.reversed", "payment.applied", "order.completed",
    ]  # fmt: skip
    call_command("verify")
    assert "bad" not in capsys.readouterr().out
