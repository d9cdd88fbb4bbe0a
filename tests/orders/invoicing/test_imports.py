"""Invoices and payments of another system by file: open items with their tax, what was paid, what they are of; out and in again."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import Sum

from oms.events.models import Event
from payments.bank.models import BankAccount, BankLine, Payment
from payments.models import CreditAccount, CreditNote, Invoice, ReceivableEntry
from tests.oms.files.conftest import Files, files, live_world, table, world
from tests.world import World

__all__ = ["files", "live_world", "world"]

HEADER = "number customer invoice_date due_date customer_po paid paid_date total sku description quantity price tax_category tax_rate"
OPEN = table(
    HEADER, ("R-100", "ACME", "2026-01-10", "2026-02-09", "PO7", "", "", "1200.00", "", "Open item", "", "1000", "standard", "0.2"),
    ("R-101", "ACME", "2026-02-01", "", "", "50", "2026-03-05", "", "A", "Adjustable spanner", "3", "33.33", "standard", "0.2"),
    ("R-101", "", "", "", "", "", "", "", "", "Freight", "", "10.01", "exempt", ""),
)  # fmt: skip


@pytest.fixture
def bank(world: World) -> BankAccount:
    """Our only bank account in euros."""
    return BankAccount.objects.create(name="House bank", iban="FR7630006000011234567890189", currency_id="EUR")


def verified() -> None:
    """Every invariant holds (`verify` ends with CommandError when one does not)."""
    for room in ("payments", "orders", "oms"):
        call_command("verify", room=room, verbosity=0)


def test_open_items_come_with_their_numbers_dates_tax_and_paid_part(world: World, bank: BankAccount, files: Files) -> None:
    path = files.csv("i.csv", OPEN)
    dry = files.run("invoices", path, "--dry-run")
    assert dry.counts == "dry run: 3 rows in, 3 to create, 0 to change, 0 the same, 0 rejected"
    assert not Invoice.objects.exists()
    assert files.run("invoices", path).counts == "3 rows in, 3 created, 0 changed, 0 the same, 0 rejected"
    first, second = Invoice.objects.order_by("pk")
    assert (first.number, first.invoice_date, first.due_date, first.customer_po) == ("R-100", date(2026, 1, 10), date(2026, 2, 9), "PO7")
    assert (first.net, first.tax, first.total, first.open_amount) == (1000, 200, 1200, 1200)
    assert (second.net, second.tax, second.total, second.applied) == (Decimal("110.00"), Decimal("20.00"), Decimal("130.00"), 50)
    assert second.due_date == date(2026, 2, 1) + timedelta(days=world.customer.terms_days)
    assert [(t.category, t.net, t.tax) for t in second.taxes.order_by("pk")] == [("standard", Decimal("99.99"), 20), ("exempt", Decimal("10.01"), 0)]
    payment = Payment.objects.get()
    assert (payment.number, payment.amount, payment.value_date, payment.bank_line.amount) == ("R-101-PAY", 50, date(2026, 3, 5), 50)
    account = CreditAccount.objects.get()
    assert (account.receivable, account.unapplied, account.oldest_due_date) == (1280, 0, date(2026, 2, 9))
    assert ReceivableEntry.objects.aggregate(s=Sum("amount"))["s"] == 1280
    assert Event.objects.get(name="invoice.issued", subjects__object_id=first.pk, subjects__kind="invoice").at.date() == date(2026, 1, 10)
    verified()
    assert files.run("invoices", path).counts == "3 rows in, 0 created, 0 changed, 3 the same, 0 rejected"
    assert Payment.objects.count() == 1 and Invoice.objects.count() == 2


BAD = [
    ("number", "INV7"), ("customer", "NOBODY"), ("customer", "POOR"), ("invoice_date", ""), ("due_date", "2025-01-01"), ("total", "1200.01"),
    ("paid", "1200.01"), ("price", "0"), ("tax_rate", ""), ("tax_category", "exempt"),
]  # fmt: skip
REASONS = [
    ("number", "INV7", "is a number this company gives itself; it has begun to issue invoices."),
    ("customer", "NOBODY", "there is no customer NOBODY."),
    ("customer", "POOR", "POOR has no credit account: bring in the limits first."),
    ("invoice_date", "", "is missing."),
    ("due_date", "2025-01-01", "lies before invoice_date."),
    ("total", "1200.01", "the lines give 1200 with tax by rate; a row of rounding can make up for it."),
    ("paid", "1200.01", "is more than the total of 1200."),
    ("price", "0", "an invoice is of more than 0."),
    ("tax_rate", "", "is missing."),
    ("tax_rate", "0.2", "is 0 in this category."),
]


def test_what_is_wrong_is_named_and_nothing_comes_in(world: World, bank: BankAccount, files: Files) -> None:
    from payments.billing.services import fee
    from tests.world import make_customer

    make_customer("POOR", "Poor", world.post)
    from oms.events.services import command

    with command("test", by=world.system):
        fee(world.account.pk, world.customer.pk, "EUR", Decimal(5), "Fee")
    columns = HEADER.split()
    good = {"number": "R-1", "customer": "ACME", "invoice_date": "2026-01-10", "price": "1000", "tax_category": "standard", "tax_rate": "0.2"}
    rows = [{**good, "number": f"R-{n}", **({"total": ""} if column != "total" else {}), column: value} for n, (column, value) in enumerate(BAD)]
    path = files.csv("i.csv", table(HEADER, *([row.get(c, "") for c in columns] for row in rows)))
    assert files.run("invoices", path).counts == "10 rows in, 0 created, 0 changed, 0 the same, 10 rejected"
    assert files.rejected(path) == [(str(n), *reason) for n, reason in enumerate(REASONS, start=2)]
    assert Invoice.objects.count() == 1
    assert files.run("invoices", path, "--by", "sales").refused.startswith("i.csv: Your role may not do this (payments.bring_invoices).")


def test_a_document_that_is_there_does_not_change(world: World, bank: BankAccount, files: Files) -> None:
    files.run("invoices", files.csv("i.csv", OPEN))
    other = files.csv("j.csv", table("number customer invoice_date price tax_rate", ("R-100", "ACME", "2026-01-11", "900", "0.2")))
    files.run("invoices", other, "--partial")
    assert files.rejected(other) == [("2", "invoice_date", "2026-01-11", "R-100 is there with 2026-01-10; a document does not change."),
                                     ("2", "price", "900", "R-100 is there with a total of 1200; a document does not change.")]  # fmt: skip
    assert Invoice.objects.get(number="R-100").total == 1200


def test_our_own_series_goes_on_behind_numbers_that_look_like_its_own(world: World, files: Files) -> None:
    from oms.events.services import command
    from payments.billing.services import fee

    path = files.csv("i.csv", table("number customer invoice_date price tax_rate", ("INV41", "ACME", "2026-01-10", "10", "0.2"), ("INV7", "ACME", "2026-01-10", "10", "0.2")))
    assert files.run("invoices", path).refused == ""
    with command("test", by=world.system):
        ours = fee(world.account.pk, world.customer.pk, "EUR", Decimal(5), "Fee")
    assert Invoice.objects.get(pk=ours).number == "INV42"
    verified()


PAYMENTS = "number kind customer value_date amount of payment refunded text counterparty_account invoice applied"


def test_payments_and_credit_notes_settle_what_they_settled_there(world: World, bank: BankAccount, files: Files) -> None:
    files.run("invoices", files.csv("i.csv", table(HEADER, *(
        (f"R-{n}", "ACME", "2026-01-10", "", "", "", "", "", "", "Item", "", "100", "standard", "0.2") for n in range(1, 5)))))  # fmt: skip
    path = files.csv("p.csv", table(
        PAYMENTS, ("P-1", "", "ACME", "2026-02-01", "200", "", "", "", "for R-1", "FR 11", "R-1", "120"), ("P-1", "", "", "", "", "", "", "", "", "", "R-2", "50"),
        ("P-2", "payment", "ACME", "2026-02-02", "25", "", "", "10", "too much", "FR 11", "", ""),
        ("C-1", "credit", "", "2026-02-03", "40", "R-1", "", "5", "", "", "R-2", "30"),
        ("D-1", "cash_discount", "", "2026-02-01", "2.40", "R-3", "P-1", "", "", "", "R-3", "2.40"),
        ("W-1", "write_off", "", "2026-02-04", "1", "R-3", "", "", "", "", "R-3", "1")))  # fmt: skip
    files.run("payments", path)
    assert {(row, column) for row, column, _cell, _reason in files.rejected(path)} == {
        ("4", "refunded"), ("5", "kind"), ("5", "refunded"), ("6", "kind"), ("7", "kind")}  # fmt: skip
    assert not Payment.objects.exists()
    assert files.run("payments", path, "--history").counts == "6 rows in, 6 created, 0 changed, 0 the same, 0 rejected"
    opens = {i.number: i.open_amount for i in Invoice.objects.all()}
    assert opens == {"R-1": 0, "R-2": 40, "R-3": Decimal("116.60"), "R-4": 120}
    account = CreditAccount.objects.get()
    assert (account.receivable, account.unapplied, account.credits) == (Decimal("276.60"), 45, 5)
    assert list(Payment.objects.order_by("number").values_list("number", "amount", "applied", "refunded")) == [("P-1", 200, 170, 0), ("P-2", 25, 0, 10)]
    assert [(n.number, n.kind, n.total, n.applied, n.refunded, n.invoice.number) for n in CreditNote.objects.order_by("pk")] == [
        ("C-1", "credit", 40, 30, 5, "R-1"), ("D-1", "cash_discount", Decimal("2.4"), Decimal("2.4"), 0, "R-3"), ("W-1", "write_off", 1, 1, 0, "R-3")]  # fmt: skip
    assert BankLine.objects.filter(statement=None).count() == 2
    assert world.customer.payer_accounts.get().uses == 2
    verified()
    assert files.run("payments", path).counts == "6 rows in, 0 created, 0 changed, 6 the same, 0 rejected"


def test_payments_that_do_not_fit_are_named(world: World, bank: BankAccount, files: Files) -> None:
    files.run("invoices", files.csv("i.csv", OPEN))
    rows = [
        ("P-1", "", "ACME", "2026-02-01", "200", "", "", "", "", "", "R-9", "10"), ("P-2", "", "ACME", "2026-02-01", "200", "", "", "", "", "", "R-101", "80.01"),
        ("P-3", "", "ACME", "2026-02-01", "20", "", "", "", "", "", "R-100", "20.01"), ("P-4", "", "NOBODY", "2026-02-01", "20", "", "", "", "", "", "", ""),
        ("P-5", "", "ACME", "", "", "", "", "", "", "", "", ""), ("P-6", "", "ACME", "2026-02-01", "20", "", "", "", "", "", "R-100", ""),
        ("P-7", "", "ACME", "2026-02-01", "2.005", "", "", "", "", "", "", ""), ("R-101-PAY", "", "ACME", "2026-02-01", "51", "", "", "", "", "", "", ""),
    ]  # fmt: skip
    path = files.csv("p.csv", table(PAYMENTS, *rows))
    files.run("payments", path)
    assert files.rejected(path) == [
        ("2", "invoice", "R-9", "there is no invoice R-9."), ("3", "applied", "80.01", "R-101 is open with 80."),
        ("4", "amount", "20", "0.01 less than what it settles and what was paid back."), ("5", "customer", "NOBODY", "there is no customer NOBODY."),
        ("6", "amount", "", "must be more than 0."), ("6", "value_date", "", "is missing."), ("7", "applied", "", "is missing."),
        ("8", "amount", "2.005", "EUR has no such fraction."),
        ("9", "amount", "51", "R-101-PAY is there with 50; a document does not change."),
        ("9", "value_date", "2026-02-01", "R-101-PAY is there with 2026-03-05; a document does not change."),
    ]  # fmt: skip
    assert Payment.objects.count() == 1


def test_two_payments_that_name_one_bank_line_share_it_and_a_statement_knows_it(world: World, bank: BankAccount, files: Files) -> None:
    header = "number customer value_date amount line_amount line_no text"
    path = files.csv("p.csv", table(header, ("P-1", "ACME", "2026-02-01", "30", "50", "1", "both"), ("P-2", "ACME", "2026-02-01", "20", "50", "1", "both")))
    assert files.run("payments", path).refused == ""
    line = BankLine.objects.get()
    assert (line.amount, line.matched, line.payments.count()) == (50, 50, 2)
    more = files.csv("q.csv", table(header, ("P-3", "ACME", "2026-02-01", "0.01", "50", "1", "both")))
    files.run("payments", more)
    assert files.rejected(more) == [("2", "amount", "0.01", "only 0 of this bank line is left.")]
    statement = files.csv("s.csv", "date,amount,text\n2026-02-01,50.00,both\n2026-02-02,7.00,other\n")
    call_command("import_bank_statement", str(statement), account=bank.iban, verbosity=0)
    assert sorted(BankLine.objects.values_list("amount", "matched")) == [(7, 0), (50, 50)]
    verified()


def figures() -> Any:
    """What the books of money show."""
    return (
        list(Invoice.objects.order_by("number").values_list("number", "invoice_date", "due_date", "net", "tax", "total", "applied", "credited", "noted")),
        list(Payment.objects.order_by("number").values_list("number", "amount", "applied", "refunded", "value_date", "bank_line__amount")),
        list(CreditNote.objects.order_by("number").values_list("number", "kind", "total", "applied", "refunded", "invoice__number", "credit_date")),
        list(CreditAccount.objects.values_list("receivable", "unapplied", "credits", "oldest_due_date")),
        ReceivableEntry.objects.aggregate(s=Sum("amount"))["s"],
    )


def test_what_is_exported_is_nothing_new_here_and_gives_the_same_figures_in_an_empty_company(world: World, bank: BankAccount, files: Files) -> None:
    with transaction.atomic():
        files.run("invoices", files.csv("i.csv", OPEN))
        files.run("payments", files.csv("p.csv", table(
            PAYMENTS, ("P-1", "", "ACME", "2026-02-01", "200", "", "", "20", "=for R-100", "FR 11", "R-100", "120.50"), ("P-1", "", "", "", "", "", "", "", "", "", "R-101", "30"),
            ("C-1", "credit", "", "2026-02-03", "40", "R-101", "", "5", "", "", "R-100", "30"))), "--history")  # fmt: skip
        out = {name: files.folder / f"{name}.csv" for name in ("invoices", "payments")}
        for name, path in out.items():
            call_command(f"export_{name}", str(path), verbosity=0)
            run = files.run(name, path)
            assert (run.refused, " 0 created, 0 changed, " in run.counts) == ("", True), run.said
        before = figures()
        transaction.set_rollback(True)
    assert not Invoice.objects.exists()
    for name, path in out.items():
        assert files.run(name, path, "--history").refused == ""
    assert figures() == before and len(before[0]) == 2 and len(before[1]) == 2
    verified()
    for name, path in out.items():
        again = files.folder / f"again_{name}.csv"
        call_command(f"export_{name}", str(again), verbosity=0)
        assert again.read_bytes() == path.read_bytes()


def test_an_open_item_of_no_order_is_credited_not_cancelled(world: World, bank: BankAccount, files: Files) -> None:
    from oms.kernel.errors import Conflict
    from orders.invoicing.services import propose_cancel_invoice

    files.run("invoices", files.csv("i.csv", OPEN))
    with pytest.raises(Conflict, match="of no order here"):
        propose_cancel_invoice(Invoice.objects.get(number="R-100").pk, "wrong", by=world.finance)
