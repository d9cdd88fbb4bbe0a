"""Reports on the small company, after journeys with known numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from oms.events.tasks import drain_all
from orders.approval.services import Decision, decide
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import deliver, release, ship
from orders.models import Order, Shipment
from payments.bank.services import NewBankLine, apply_line, record_bank_line
from payments.models import BankAccount, Invoice
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    """A fresh world for this test."""
    return World.make()


@pytest.fixture
def as_(world: World) -> Any:
    """A client signed in as one of the world's people."""

    def sign_in(role: str) -> Client:
        client = Client()
        client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
        return client

    return sign_in


def order(world: World, *lines: tuple[str, int], at: datetime | None = None, freight: int = 0, **more: Any) -> Order:
    """Submit an order of ACME for (SKU, quantity)s."""
    request = EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web",
                           charges=(ChargeRequest("Freight", Decimal(freight)),) if freight else (), **more)  # fmt: skip
    return Order.objects.get(number=submit(request, by=world.sales, at=at).number)


@pytest.fixture
def journey(world: World) -> Order:
    """90 A and 5 B with freight 8: 80 A approved, 10 cut; 50 A shipped, delivered, invoiced with the freight and paid
    (508 net, 609.60 gross), 30 A and 5 B released; a second order of 30 A waits for approval."""
    first = order(world, ("A", 90), ("B", 5), freight=8)
    a, b = first.lines.get(position=1).pk, first.lines.get(position=2).pk
    decide(first.pk, {a: Decision(80, 10, "no_stock"), b: Decision(5)}, by=world.approver)
    (shipment_id,) = release([first.pk], by=world.manager)
    parts = {x.pk: (50 if x.line_id == a else 0) for x in Shipment.objects.get(pk=shipment_id).lines.all()}
    ship(shipment_id, parts, by=world.warehouse, tracking_number="T1")
    drain_all()
    deliver(shipment_id, date.today(), "signature", by=world.warehouse)
    pay(world, Invoice.objects.get(), Invoice.objects.get().total)
    drain_all()
    order(world, ("A", 30), ("C", 10))
    return first


def pay(world: World, invoice: Invoice, amount: Decimal, day: date | None = None) -> None:
    """Money on the bank, applied to the invoice."""
    bank, _new = BankAccount.objects.get_or_create(name="Main", iban="FR7630006000011234567890189", currency_id="EUR")
    day = day or date.today()
    line = record_bank_line(bank.pk, NewBankLine(day, day, amount, text=invoice.number), by=world.finance)
    apply_line(line, invoice.customer_id, {invoice.pk: amount}, by=world.finance)


def days_ago(days: int) -> datetime:
    """Noon so many days ago."""
    return datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=days)
