"""Issuing invoices, and what the accounts learn of what is overdue."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oms.company.models import NumberSeries
from oms.events.selectors import timeline
from oms.events.services import command
from oms.jobs.registry import kinds
from oms.kernel.errors import Conflict, Forbidden
from payments.billing.services import InvoiceHeader, issue_invoice, refresh_overdue
from payments.models import CreditEntry, Invoice, InvoiceLine, InvoiceTax, ReceivableEntry
from tests.payments.conftest import TODAY, Money, days, line, violated

ZERO = Decimal(0)


def header(money: Money, **changes: Any) -> InvoiceHeader:
    values = {
        "account_id": money.world.account.pk, "customer_id": money.world.customer.pk, "currency": "EUR", "order_id": 5,
        "order_number": "SO0000005", "customer_po": "PO 5", "shipment_id": 50, "invoice_date": date(2024, 2, 1),
        "terms_days": 30,
    }  # fmt: skip
    return InvoiceHeader(**{**values, **changes})


def test_an_invoice_brings_lines_groups_the_subledger_and_the_account(money: Money) -> None:
    money.reserve("500.00", order=5)
    lines = [line("0", quantity=3, unit_price=Decimal("33.335")), line("50.00", rate="0.055", category="reduced", sku="B")]
    with command("test.invoice", by=money.world.system):
        pk = issue_invoice(header(money), lines, Decimal("180.00"))
    invoice = Invoice.objects.get(pk=pk)
    assert (invoice.number, invoice.serial, invoice.due_date) == ("INV1", 1, date(2024, 3, 2))
    assert (invoice.net, invoice.tax, invoice.total) == (Decimal("150.01"), Decimal("22.75"), Decimal("172.76"))
    assert list(InvoiceLine.objects.order_by("pk").values_list("sku", "net")) == [("A", Decimal("100.01")), ("B", Decimal("50.00"))]
    assert set(InvoiceTax.objects.values_list("category", "net", "tax")) == {
        ("standard", Decimal("100.01"), Decimal("20.00")), ("reduced", Decimal("50.00"), Decimal("2.75")),
    }  # fmt: skip
    assert ReceivableEntry.objects.values_list("kind", "amount", "document_number", "posted_date").get() == (
        "invoice", Decimal("172.76"), "INV1", date(2024, 2, 1)
    )  # fmt: skip
    assert money.buckets() == (Decimal("320.00"), Decimal("172.76"), ZERO, ZERO)
    assert set(CreditEntry.objects.filter(event_id=invoice.event_id).values_list("bucket", "amount", "reference_kind", "reference_id")) == {
        ("reserved", Decimal("-180.00"), "order", 5), ("receivable", Decimal("172.76"), "invoice", pk),
    }  # fmt: skip
    for kind, obj in (("order", 5), ("customer", money.world.customer.pk), ("invoice", pk), ("credit_account", money.account.pk)):
        assert timeline(kind, obj)[-1].name == "invoice.issued"
    assert timeline("invoice", pk)[0].data == {"invoice": pk, "order": 5, "shipment": 50, "total": "172.76"}
    assert violated() == []


def test_numbers_have_no_gap_when_an_invoice_fails(money: Money) -> None:
    assert money.invoice().number == "INV1"
    with pytest.raises(RuntimeError), command("test.invoice", by=money.world.system):
        issue_invoice(header(money), [line()], ZERO)
        raise RuntimeError("the power fails")
    assert Invoice.objects.count() == 1
    assert money.invoice().number == "INV2"
    assert NumberSeries.objects.get(code="invoice").next_number == 3
    assert violated() == []


def test_a_shipment_is_invoiced_once(money: Money) -> None:
    money.invoice(shipment_id=9)
    with pytest.raises(Conflict) as refused:
        money.invoice(shipment_id=9)
    assert refused.value.code == "invoiced_before"
    assert Invoice.objects.count() == 1
    assert money.buckets()[1] == Decimal("120.00")


def test_an_invoice_needs_a_line(money: Money) -> None:
    with pytest.raises(Conflict) as refused, command("test.invoice", by=money.world.system):
        issue_invoice(header(money), [], ZERO)
    assert refused.value.code == "nothing_to_invoice"
    assert not Invoice.objects.exists()


def test_more_than_was_reserved_is_not_taken_back(money: Money) -> None:
    with pytest.raises(Conflict) as refused:
        money.invoice(reserved="0.01")
    assert refused.value.code == "credit_bucket"
    assert not Invoice.objects.exists()


def test_the_account_knows_its_oldest_due_date_and_what_is_overdue(money: Money) -> None:
    money.invoice("100.00", day=TODAY - days(50), terms=30)
    money.invoice("200.00", day=TODAY - days(10), terms=30)
    assert (money.account.oldest_due_date, money.account.amount_overdue) == (TODAY - days(20), Decimal("120.00"))


def test_the_daily_run_counts_again_what_became_overdue(money: Money) -> None:
    money.invoice("100.00", day=TODAY - days(30), terms=30)
    assert money.account.amount_overdue == 0
    with connection.cursor() as cursor:
        cursor.execute("UPDATE payments_creditaccount SET oldest_due_date = NULL")
    assert [code for code, _rows in violated()] == ["I23d"]
    done: list[tuple[int, int]] = []

    class Running:
        by = money.world.system

        def progress(self, *at: int) -> None:
            done.append(at)  # type: ignore[arg-type]

    assert kinds()["payments.overdue"].handle(Running()) == {"accounts": 1}  # type: ignore[arg-type]
    assert (done, money.account.oldest_due_date) == ([(1, 1)], TODAY)


def test_only_finance_and_the_system_refresh(money: Money) -> None:
    with pytest.raises(Forbidden):
        refresh_overdue([money.account.pk], by=money.world.sales)
    refresh_overdue([money.account.pk], by=money.world.finance)


def test_issuing_takes_the_same_statements_for_1_line_and_for_100(money: Money) -> None:
    counts = []
    for n in (1, 100):
        with command("test.invoice", by=money.world.system), CaptureQueriesContext(connection) as taken:
            issue_invoice(header(money, shipment_id=n, order_id=n), [line() for _ in range(n)], ZERO)
        counts.append(len(taken))
    assert counts[0] == counts[1] <= 11  # one of them asks whether the month of the day is open
