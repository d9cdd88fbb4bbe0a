"""The database refuses the impossible, whoever asks: each guard met by plain SQL, around the services."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from payments.bank.services import apply_line
from payments.models import Application, Invoice, Payment
from tests.payments.conftest import Money

LEDGERS = (
    "payments_creditentry", "payments_invoiceline", "payments_invoicetax", "payments_receivableentry", "payments_application",
    "payments_bankstatement",
)  # fmt: skip


def run(sql: str, *parameters: Any) -> None:
    """Run and check what is deferred to the commit."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def refused(sql: str, *parameters: Any) -> str:
    """The name of the constraint, or the words, with which the database refuses."""
    with pytest.raises(DatabaseError) as error:
        run(sql, *parameters)
    return error.value.__cause__.diag.constraint_name or str(error.value)


@pytest.fixture
def paid(money: Money) -> tuple[Money, Invoice, Payment]:
    """An invoice of 120.00 of which 100.00 is paid by a payment of 110.00."""
    invoice = money.invoice("100.00")
    payment = apply_line(money.line("110.00"), money.world.customer.pk, {invoice.pk: Decimal("100.00")}, by=money.world.finance)
    return money, invoice, payment


@pytest.mark.parametrize("change", [
    "reserved = reserved - 0.01", "receivable = -1", "unapplied = -1", "credits = -0.001",
])  # fmt: skip
def test_no_bucket_falls_below_0(money: Money, change: str) -> None:
    assert refused(f"UPDATE payments_creditaccount SET {change}") == "credit_buckets"


@pytest.mark.parametrize("change", [
    "total = total + 1, net = net + 1", "number = 'X'", "customer_id = customer_id + 1", "due_date = due_date + 1", "order_id = 9",
])  # fmt: skip
def test_an_invoice_is_never_edited(paid: Any, change: str) -> None:
    before = Invoice.objects.values().get()
    refused(f"UPDATE payments_invoice SET {change}")
    refused("DELETE FROM payments_invoice")
    assert Invoice.objects.values().get() == before


@pytest.mark.parametrize(("change", "rule"), [
    ("applied = 120.01", "invoice_open_not_negative"), ("applied = 100, credited = 20.01", "invoice_open_not_negative"),
    ("applied = -0.01", "invoice_open_not_negative"), ("applied = 99.99", "invoice_applied_by_ledger"),
])  # fmt: skip
def test_an_invoice_is_applied_as_its_applications_say_and_never_above_its_total(paid: Any, change: str, rule: str) -> None:
    assert refused(f"UPDATE payments_invoice SET {change}") == rule


@pytest.mark.parametrize(("change", "rule"), [
    ("applied = 110.01", "payment_applied"), ("applied = -1", "payment_applied"), ("applied = 99", "payment_applied_by_ledger"),
    ("clearing = 'reversed'", "bank_line_matched_by_payments"),
])  # fmt: skip
def test_a_payment_is_applied_as_its_applications_say_and_never_above_its_amount(paid: Any, change: str, rule: str) -> None:
    assert refused(f"UPDATE payments_payment SET {change}") == rule
    refused("UPDATE payments_payment SET amount = 1000")


APPLY = """
INSERT INTO payments_application (payment_id, invoice_id, account_id, currency_id, amount, value_date, event_id)
SELECT %s, %s, %s, %s, %s, current_date, max(id) FROM oms_event
"""


def test_an_application_needs_both_documents_to_have_moved(paid: tuple[Money, Invoice, Payment]) -> None:
    money, invoice, payment = paid
    assert refused(APPLY, payment.pk, invoice.pk, money.account.pk, "EUR", 10) == "payment_applied_by_ledger"
    assert refused(APPLY, payment.pk, invoice.pk, money.account.pk, "EUR", 0) == "application_amount"
    assert Application.objects.count() == 1


def test_an_application_never_crosses_accounts_or_currencies(paid: tuple[Money, Invoice, Payment]) -> None:
    money, _invoice, payment = paid
    customer, account = money.other()
    theirs = money.invoice("50.00", customer=customer, account=account)
    assert refused(APPLY, payment.pk, theirs.pk, money.account.pk, "EUR", 5) == "application_of_invoice"
    assert refused(APPLY, payment.pk, theirs.pk, account.pk, "EUR", 5) == "application_of_payment"
    assert refused(APPLY, payment.pk, theirs.pk, money.account.pk, "USD", 5) in ("application_of_payment", "application_of_invoice")
    assert Application.objects.count() == 1


@pytest.mark.parametrize(("change", "rule"), [
    ("matched = 110.01", "bank_line_matched"), ("matched = -1", "bank_line_matched"), ("matched = 100", "bank_line_matched_by_payments"),
])  # fmt: skip
def test_a_bank_line_is_matched_as_its_payments_say_and_never_above_its_amount(paid: Any, change: str, rule: str) -> None:
    assert refused(f"UPDATE payments_bankline SET {change}") == rule
    refused("UPDATE payments_bankline SET amount = 1000")
    refused("DELETE FROM payments_bankline")


@pytest.mark.parametrize("table", LEDGERS)
def test_the_app_may_neither_change_nor_empty_a_ledger(paid: Any, table: str) -> None:
    for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        assert "permission denied" in refused(sql)


@pytest.mark.live
@pytest.mark.parametrize("role", ["oms_owner", "postgres"])
def test_not_even_the_owner_or_replica_mode_changes_a_ledger(live_money: Money, owner: Any, superuser: Any, role: str) -> None:
    invoice = live_money.invoice("100.00")
    payment = apply_line(live_money.line("110.00"), live_money.world.customer.pk, {invoice.pk: Decimal("100.00")}, by=live_money.world.finance)
    with (owner if role == "oms_owner" else superuser)() as server:
        if role == "postgres":
            server.execute("SET session_replication_role = replica")
        filled = [t for t in LEDGERS if server.execute(f"SELECT 1 FROM {t} LIMIT 1").fetchone()]
        assert len(filled) == 5
        for table in LEDGERS:
            for sql in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
                if table in filled or "TRUNCATE" in sql:
                    with pytest.raises(psycopg.Error) as error:
                        server.execute(sql)
                    assert "append-only" in str(error.value) or "ledger" in str(error.value), str(error.value)
        with pytest.raises(psycopg.Error):
            server.execute("UPDATE payments_invoice SET total = 1, net = 1, tax = 0")
    assert Application.objects.get().payment_id == payment.pk


def test_a_line_of_statement_and_a_shipment_stand_once(money: Money) -> None:
    money.invoice(shipment_id=4)
    line = money.line("10.00")
    columns = "account_id, booking_date, value_date, amount, currency_id, text_hash, occurrence_no, event_id"
    assert refused(f"INSERT INTO payments_bankline ({columns}, text, counterparty, counterparty_account, reference, bank_reference) "
                   f"SELECT {columns}, '', '', '', '', '' FROM payments_bankline WHERE id = %s", line) == "bank_line_once"
    with pytest.raises(IntegrityError), transaction.atomic():
        Invoice.objects.create(**{**Invoice.objects.values().get(), "id": None, "number": "X", "serial": 99})
