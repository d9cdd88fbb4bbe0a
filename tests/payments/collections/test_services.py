"""Receipts and cheques from hand to bank, cleared or bounced, by exact buckets; losses by two persons."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.changes.services import confirm
from oms.events.models import Event
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from payments.bank.services import reverse_payment
from payments.collections.services import (
    bank_receipt,
    bounce_cheque,
    clear_cheques,
    deposit_cheque,
    issue_receipt,
    propose_loss,
    working_days_before,
)
from payments.models import CollectionReceipt, Invoice, Payment
from tests.payments.conftest import TODAY, Money, days, violated
from tests.world import make_customer

D = Decimal
ZERO = D(0)


def cheque(money: Money, amount: str = "100.00") -> CollectionReceipt:
    return issue_receipt(money.world.customer.pk, D(amount), "cheque", cheque_number="000123", by=money.world.sales)


def test_a_receipt_settles_nothing_and_only_sales_give_it_for_their_customers(money: Money) -> None:
    w, invoice = money.world, money.invoice("100.00")
    receipt = issue_receipt(w.customer.pk, D("50.00"), "cash", by=w.sales)
    assert (receipt.number, receipt.state, money.buckets(), Invoice.objects.get().applied) == ("CR1", "hand", (ZERO, D("120.00"), ZERO, ZERO), ZERO)
    for bad, code in (({"amount": D("0")}, "bad_amount"), ({"method": "gold"}, "bad_method"), ({"method": "cheque"}, "cheque_missing")):
        with pytest.raises(Invalid) as refused:
            issue_receipt(w.customer.pk, **{"amount": D("5"), "method": "cash", "by": w.sales, **bad})
        assert refused.value.code == code
    for person in (w.finance, w.manager, w.partner, w.warehouse):
        with pytest.raises(Forbidden):
            issue_receipt(w.customer.pk, D("5"), "cash", by=person)
    assert CollectionReceipt.objects.count() == 1 and invoice.pk


def test_cash_is_closed_by_its_bank_line_once(money: Money) -> None:
    w, invoice = money.world, money.invoice("100.00")
    receipt = issue_receipt(w.customer.pk, D("50.00"), "cash", by=w.sales)
    with pytest.raises(Conflict):
        deposit_cheque(receipt.pk, by=w.finance)
    small = money.line("49.99")
    with pytest.raises(Conflict):
        bank_receipt(receipt.pk, small, {}, by=w.finance)
    payment = bank_receipt(receipt.pk, money.line("80.00"), {invoice.pk: D("50.00")}, by=w.finance)
    assert (payment.amount, payment.clearing, money.buckets()) == (D("50.00"), "cleared", (ZERO, D("70.00"), ZERO, ZERO))
    with pytest.raises(Conflict) as twice:
        bank_receipt(receipt.pk, small, {}, by=w.finance)
    assert (twice.value.code, Payment.objects.count(), violated()) == ("receipt_state", 1, [])


def test_a_cheque_frees_no_credit_until_it_clears(money: Money) -> None:
    w, invoice = money.world, money.invoice("100.00")
    receipt = cheque(money)
    deposit_cheque(receipt.pk, by=w.finance)
    day = date(2026, 3, 2)  # a Monday
    payment = bank_receipt(receipt.pk, money.line("100.00", value_date=day, booking_date=day), {invoice.pk: D("100.00")}, by=w.finance)
    assert (payment.clearing, money.buckets(), money.account.exposure) == ("deposited", (D("100.00"), D("20.00"), ZERO, ZERO), D("120.00"))
    assert violated() == []
    with pytest.raises(Conflict) as early:
        reverse_payment(payment.pk, "x", by=w.finance)
    assert early.value.code == "deposited"
    assert clear_cheques(date(2026, 3, 8), by=w.system) == []  # four working days later
    assert clear_cheques(date(2026, 3, 9), by=w.system) == [payment.pk]
    assert clear_cheques(date(2026, 3, 9), by=w.system) == []
    assert (Payment.objects.get().clearing, money.account.exposure) == ("cleared", D("20.00"))
    assert Event.objects.filter(name="payment.cleared").count() == 1 and violated() == []


@pytest.mark.parametrize("cleared", [False, True])
def test_a_bounced_cheque_opens_its_invoices_with_their_own_due_dates_blocks_and_charges(money: Money, cleared: bool) -> None:
    w, invoice = money.world, money.invoice("100.00", day=TODAY - days(60))
    receipt = cheque(money)
    bank_receipt(receipt.pk, money.line("100.00", value_date=TODAY - days(30), booking_date=TODAY - days(30)), {invoice.pk: D("90.00")}, by=w.finance)
    if cleared:
        clear_cheques(TODAY, by=w.system)
    with pytest.raises(Invalid):
        bounce_cheque(receipt.pk, " ", by=w.finance)
    bounce_cheque(receipt.pk, "no funds", charge=D("15.00"), by=w.finance)
    account = money.account
    assert money.buckets() == (ZERO, D("135.00"), ZERO, ZERO)
    assert (account.blocked, account.blocked_reason, account.oldest_due_date) == (True, "cheque_bounced", invoice.due_date)
    assert (Payment.objects.get().clearing, Payment.objects.get().applied, Invoice.objects.get(kind="fee").total) == ("bounced", ZERO, D("15.00"))
    assert Event.objects.filter(name="payment.bounced").count() == 1
    with pytest.raises(Conflict):
        bounce_cheque(receipt.pk, "again", by=w.finance)
    assert violated() == []


def test_a_loss_takes_a_manager_and_leaves_the_invoices(money: Money) -> None:
    w, receipt = money.world, cheque(money)
    change = propose_loss(receipt.pk, "robbed", by=w.finance)
    with pytest.raises(Forbidden):
        confirm(change.pk, by=w.finance)
    confirm(change.pk, by=w.manager)
    assert CollectionReceipt.objects.get().state == "lost"
    with pytest.raises(Conflict):
        bank_receipt(receipt.pk, money.line("100.00"), {}, by=w.finance)
    assert not Payment.objects.exists() and violated() == []


def test_working_days_skip_weekends() -> None:
    assert working_days_before(date(2026, 3, 9), 5) == date(2026, 3, 2)
    assert working_days_before(date(2026, 3, 8), 5) == date(2026, 3, 1)


def test_the_pages_give_deposit_and_close(money: Money) -> None:
    w = money.world
    clients: dict[str, Any] = {}
    for name in ("sales", "finance"):
        clients[name] = Client()
        clients[name].force_login(getattr(w, name), backend="django.contrib.auth.backends.ModelBackend")
    data = {"customer": "acme", "amount": "1,100.50", "method": "cheque", "cheque_number": "77", "received": str(TODAY)}
    assert clients["sales"].post(reverse("payments:receipt-issue"), {**data, "customer": "NOBODY"}).status_code == 400
    assert clients["sales"].post(reverse("payments:receipt-issue"), data).status_code == 302
    line = money.line("1100.50", "cheques of the day")
    page = clients["finance"].get(reverse("payments:receipt-detail", args=["CR1"])).content.decode()
    assert "100.50" in page and "cheques of the day" in page
    assert clients["finance"].post(reverse("payments:receipt-deposit", args=["CR1"])).status_code == 302
    assert clients["finance"].post(reverse("payments:receipt-bank", args=["CR1"]), {"line": line}).status_code == 302
    assert "CR1" in clients["sales"].get(reverse("payments:receipt-list")).content.decode()
    assert Payment.objects.get().clearing == "deposited"
    other = make_customer("ELSE", "Elsewhere", w.post)
    with pytest.raises((NotFound, Conflict)):
        issue_receipt(other.pk, D("1"), "cash", by=w.sales)  # no credit account
