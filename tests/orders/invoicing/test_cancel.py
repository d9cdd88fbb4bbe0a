"""Cancelling an invoice is the only way in which what is invoiced falls; two persons, and its pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.changes.models import ChangeRequest
from oms.changes.services import confirm
from oms.events.models import Event
from oms.kernel.errors import Forbidden
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import release, ship
from orders.invoicing.services import invoice_shipment, propose_cancel_invoice
from orders.models import Order, OrderLine, Shipment
from payments.bank.domain import NewBankLine
from payments.bank.services import apply_line, record_bank_line
from payments.models import BankAccount, CreditNote, Invoice
from tests.payments.conftest import IBAN, TODAY, violated
from tests.world import World

D = Decimal


@pytest.fixture
def shipped(db: Any) -> tuple[World, Order, Shipment, Invoice]:
    """Two of A at 10, shipped and invoiced: 24.00 with tax."""
    w = World.make()
    order = Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", D(2)),), "web"), by=w.sales).number)
    shipment = Shipment.objects.get(pk=release([order.pk], by=w.manager)[0])
    ship(shipment.pk, by=w.warehouse)
    return w, order, shipment, Invoice.objects.get(pk=invoice_shipment(shipment.pk, by=w.system))


def test_a_cancelled_invoice_is_credited_whole_and_its_shipment_is_invoiced_again(shipped: Any) -> None:
    w, order, shipment, invoice = shipped
    bank = BankAccount.objects.create(name="Main", iban=IBAN, currency_id="EUR")
    line = record_bank_line(bank.pk, NewBankLine(TODAY, TODAY, D("10.00")), by=w.finance)
    apply_line(line, w.customer.pk, {invoice.pk: D("10.00")}, by=w.finance)
    with pytest.raises(Forbidden):
        propose_cancel_invoice(invoice.pk, "wrong price", by=w.sales)
    change = propose_cancel_invoice(invoice.pk, "wrong price", by=w.finance)
    assert OrderLine.objects.get(order=order).quantity_invoiced == 2
    confirm(change.pk, by=w.manager)
    invoice.refresh_from_db()
    w.account.refresh_from_db()
    note = CreditNote.objects.get()
    assert (note.kind, note.total, note.applied, invoice.cancelled, invoice.open_amount) == ("cancellation", D("24.00"), D("14.00"), True, D(0))
    assert (w.account.reserved, w.account.receivable, w.account.credits) == (D("24.00"), D(0), D("10.00"))
    assert OrderLine.objects.get(order=order).quantity_invoiced == 0
    assert Event.objects.filter(name="invoice.cancelled").count() == 1
    again = Invoice.objects.get(pk=invoice_shipment(shipment.pk, by=w.system))
    assert again.pk != invoice.pk and again.total == D("24.00") and violated() == []


def test_the_pages_propose_and_show_and_print(shipped: Any) -> None:
    w, _order, _shipment, invoice = shipped
    finance, manager = Client(), Client()
    finance.force_login(w.finance, backend="django.contrib.auth.backends.ModelBackend")
    manager.force_login(w.manager, backend="django.contrib.auth.backends.ModelBackend")
    page = finance.get(reverse("payments:invoice-detail", args=[invoice.number])).content.decode()
    assert reverse("orders:invoice-cancel", args=[invoice.number]) in page and reverse("payments:invoice-credit", args=[invoice.number]) in page
    field = f"line-{invoice.lines.get().pk}"
    form = finance.get(reverse("payments:invoice-credit", args=[invoice.number]))
    assert field in form.content.decode()
    too_many = finance.post(reverse("payments:invoice-credit", args=[invoice.number]), {field: "3", "reason": "returned"})
    assert too_many.status_code == 400 and not ChangeRequest.objects.exists()
    assert finance.post(reverse("payments:invoice-credit", args=[invoice.number]), {field: "1", "reason": "returned"}).status_code == 302
    confirm(ChangeRequest.objects.get().pk, by=w.manager)
    note = CreditNote.objects.get()
    assert (note.total, note.lines.get().quantity) == (D("12.00"), 1)
    for name in ("credit-note-detail", "credit-note-pdf"):
        answer = manager.get(reverse(f"payments:{name}", args=[note.number]))
        assert answer.status_code == 200
    assert answer.content.startswith(b"%PDF")
    assert note.number in finance.get(reverse("payments:credit-note-list")).content.decode()
    assert finance.post(reverse("payments:invoice-dispute", args=[invoice.number]), {"reason": "broken"}).status_code == 302
    assert "broken" in finance.get(reverse("payments:invoice-detail", args=[invoice.number])).content.decode()
    assert finance.get(reverse("payments:invoice-write-off", args=[invoice.number])).status_code == 200
    assert finance.get(reverse("payments:account-fee", args=["ACME"])).status_code == 200
