"""Months that finance closes: what was owed, what may be posted, who opens one again. Worked to the cent."""

from __future__ import annotations

import threading
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from oms.changes.models import ChangeRequest
from oms.changes.services import confirm
from oms.events.models import Event
from oms.events.services import command
from oms.kernel.dates import next_month
from oms.kernel.errors import Conflict, Forbidden, OMSError
from payments.bank.services import apply_line, import_statement, reverse_payment
from payments.billing.selectors import (
    balance,
    compared,
    differences,
    first_of,
    items_on,
    last_closed,
    last_of,
    owed_on,
    rolled,
)
from payments.billing.services import Crediting, close_month, issue_credit, propose_reopen_month
from payments.models import Application, ClosedMonth, CreditNote, Invoice, ReceivableEntry
from tests.payments.conftest import TODAY, Money, violated

D = Decimal
THIS = first_of(TODAY)
SECOND = first_of(THIS - timedelta(days=1))
FIRST = first_of(SECOND - timedelta(days=1))


def day(month: date, n: int) -> date:
    return month.replace(day=n)


def credit(money: Money, invoice: Invoice, amount: str, on: date) -> CreditNote:
    from payments.billing.locks import lock_invoices

    with command("test.credit", by=money.world.system):
        fresh = lock_invoices([invoice.pk])[invoice.pk]
        return issue_credit(fresh, Crediting("credit", "agreed", amount=D(amount), on=on))


@pytest.fixture
def books(money: Money) -> Money:
    """The first month: 1,200.00 invoiced, 500.00 paid of it, 60.00 credited; the second: 240.00 invoiced, 100.00 on account."""
    one = money.invoice("1000.00", day=day(FIRST, 10))
    apply_line(money.line("500.00", "a", value_date=day(FIRST, 20)), money.world.customer.pk, {one.pk: D("500.00")}, by=money.world.finance)
    credit(money, one, "60.00", day(FIRST, 25))
    money.invoice("200.00", day=day(SECOND, 5))
    apply_line(money.line("100.00", "b", value_date=day(SECOND, 6)), money.world.customer.pk, {}, by=money.world.finance)
    return money


def test_a_month_rolls_from_what_was_owed_to_what_is_owed(books: Money) -> None:
    (first,), (second,) = rolled(FIRST), rolled(SECOND)
    assert (first.opening, first.kinds, first.closing) == (
        D(0), {"invoice": (1, D("1200.00")), "payment": (1, D("-500.00")), "credit": (1, D("-60.00"))}, D("640.00"))
    assert (second.opening, second.kinds, second.closing) == (D("640.00"), {"invoice": (1, D("240.00")), "payment": (1, D("-100.00"))}, D("780.00"))
    assert [(x.kind, x.documents, x.document_sum, x.entries, x.entry_sum) for x in compared(FIRST)] == [
        ("credit", 1, D("-60.00"), 1, D("-60.00")), ("invoice", 1, D("1200.00"), 1, D("1200.00")), ("payment", 1, D("-500.00"), 1, D("-500.00"))]
    assert [(x.currency, x.open, x.on_account, x.balance) for x in owed_on(last_of(SECOND), TODAY)] == [("EUR", D("880.00"), D("100.00"), D("780.00"))]
    assert differences(FIRST, TODAY) == differences(SECOND, TODAY) == []


def test_months_close_in_order_once_and_when_they_are_over(books: Money) -> None:
    finance = books.world.finance
    with pytest.raises(Forbidden):
        close_month(FIRST, "", by=books.world.manager)
    closed = close_month(FIRST, "all matched", by=finance)
    assert (closed.balances, last_closed()) == ({"EUR": "640.000"}, FIRST)
    assert Event.objects.get(name="month.closed").data["balances"] == {"EUR": "640.000"}
    for month, code in ((FIRST, "month_closed"), (THIS, "month_not_over")):
        with pytest.raises(Conflict) as refused:
            close_month(month, "", by=finance)
        assert refused.value.code == code
    close_month(SECOND, "", by=finance)
    assert ClosedMonth.objects.get(month=SECOND).balances == {"EUR": "780.000"} and violated() == []


def test_a_month_is_not_left_out(books: Money) -> None:
    close_month(first_of(FIRST - timedelta(days=1)), "", by=books.world.finance)
    with pytest.raises(Conflict) as order:
        close_month(SECOND, "", by=books.world.finance)
    assert order.value.code == "month_order"


def test_what_comes_late_is_posted_on_the_first_open_day(books: Money) -> None:
    finance, customer = books.world.finance, books.world.customer.pk
    close_month(FIRST, "", by=finance)
    owed = balance(books.account.pk, last_of(FIRST))
    late = books.invoice("10.00", day=day(FIRST, 28))
    assert (late.invoice_date, late.due_date) == (SECOND, SECOND + timedelta(days=30))
    payment = apply_line(books.line("12.00", "late", value_date=day(FIRST, 27)), customer, {late.pk: D("12.00")}, by=finance)
    assert payment.value_date == day(FIRST, 27)  # the bank's word stays
    assert ReceivableEntry.objects.get(kind="payment", document_id=payment.pk).posted_date == SECOND
    assert Application.objects.get(payment=payment).value_date == SECOND
    old = Invoice.objects.order_by("pk")[0]
    assert credit(books, old, "1.00", day(FIRST, 29)).credit_date == SECOND
    assert balance(books.account.pk, last_of(FIRST)) == owed == sum(x.rest for x in items_on(books.account.pk, last_of(FIRST)))
    reverse_payment(payment.pk, "not ours", by=finance, at=None)
    assert differences(FIRST, TODAY) == differences(SECOND, TODAY) == [] and violated() == []


def test_bank_statements_of_a_closed_month_still_come_in(books: Money) -> None:
    close_month(FIRST, "", by=books.world.finance)
    data = f"date,amount,text\n{day(FIRST, 30)},7.00,late line\n".encode()
    assert import_statement(data, "late.csv", by=books.world.finance, account_id=books.bank.pk).new == 1


@pytest.mark.parametrize(("table", "column"), [
    ("payments_receivableentry", "posted_date"), ("payments_invoice", "invoice_date"), ("payments_creditnote", "credit_date"),
    ("payments_application", "value_date"), ("payments_creditapplication", "value_date"), ("payments_refund", "refund_date"),
])  # fmt: skip
def test_the_database_posts_nothing_into_a_closed_month(books: Money, table: str, column: str) -> None:
    if table == "payments_refund":
        from payments.bank.services import propose_payment_refund
        from payments.models import Payment

        confirm(propose_payment_refund(Payment.objects.get(amount=D("100.00")).pk, D("1.00"), "back", by=books.world.finance).pk, by=books.world.manager)
    close_month(FIRST, "", by=books.world.finance)
    with connection.cursor() as cursor:
        cursor.execute("SELECT column_name FROM information_schema.columns WHERE table_name = %s AND column_name NOT IN ('id', %s)", [table, column])
        names = ", ".join(f'"{row[0]}"' for row in cursor.fetchall())
        with pytest.raises(IntegrityError) as refused, transaction.atomic():
            cursor.execute(f"INSERT INTO {table} (id, {column}, {names}) SELECT -1, %s, {names} FROM {table} LIMIT 1", [day(FIRST, 15)])
    assert getattr(refused.value.__cause__, "diag").constraint_name == "month_closed"  # noqa: B009


def test_a_closing_is_not_rewritten(books: Money) -> None:
    close_month(FIRST, "", by=books.world.finance)
    for sql in ("UPDATE payments_closedmonth SET balances = '{}'", "DELETE FROM payments_closedmonth"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)


def test_a_second_person_opens_the_last_month_again(books: Money) -> None:
    w = books.world
    close_month(FIRST, "", by=w.finance)
    close_month(SECOND, "", by=w.finance)
    with pytest.raises(Conflict) as order:
        propose_reopen_month(FIRST, "wrong", by=w.finance)
    assert order.value.code == "month_order"
    change = propose_reopen_month(SECOND, "an invoice was forgotten", by=w.finance)
    with pytest.raises(Forbidden):
        confirm(change.pk, by=w.finance)
    assert last_closed() == SECOND
    confirm(change.pk, by=w.manager)
    assert last_closed() == FIRST
    found = ClosedMonth.objects.get(month=SECOND)
    assert (found.reopened_by, found.reopened_reason) == (w.manager, "an invoice was forgotten")
    assert books.invoice("50.00", day=day(SECOND, 28)).invoice_date == day(SECOND, 28)
    close_month(SECOND, "with it", by=w.finance)
    assert ClosedMonth.objects.get(month=SECOND, reopened_at=None).balances == {"EUR": "840.000"}
    assert Event.objects.filter(name="month.reopened").count() == 1 and violated() == []


def test_books_that_differ_are_not_closed(books: Money) -> None:
    entry = ReceivableEntry.objects.order_by("pk")[0]
    ReceivableEntry.objects.create(account=books.account, customer=books.world.customer, kind="invoice", amount=D("0.01"), document_id=10**9,
                                   document_number="?", posted_date=day(FIRST, 3), event_id=entry.event_id)  # fmt: skip
    assert differences(FIRST, TODAY) == ["invoice -0.010 EUR", "open items 0.010 EUR"]
    with pytest.raises(Conflict) as refused:
        close_month(FIRST, "", by=books.world.finance)
    assert refused.value.code == "books_differ" and not ClosedMonth.objects.exists()


def test_a_cent_that_appears_in_a_closed_month_is_found(books: Money) -> None:
    """Red control of the invariant: the guard is off in a transaction of the owner's making, verify names the month."""
    close_month(FIRST, "", by=books.world.finance)
    assert "I13m" not in [code for code, _rows in violated()]
    wrong = ClosedMonth(month=SECOND, balances={"EUR": "779.99"}, closed_by=books.world.finance, closed_at=ClosedMonth.objects.get().closed_at,
                        event_id=ClosedMonth.objects.get().event_id)  # fmt: skip
    wrong.save()
    assert [(code, rows[0][1:]) for code, rows in violated() if code == "I13m"] == [("I13m", ("EUR", D("779.99"), D("780.000")))]


def meet(money: Money, close: Any) -> tuple[list[Any], Invoice]:
    """One posts into the month and waits before committing; another closes it meanwhile."""
    posted, answers = threading.Event(), []

    def poster() -> None:
        try:
            with transaction.atomic():
                answers.append(money.invoice("30.00", day=day(FIRST, 9)))
                posted.set()
                threading.Event().wait(0.5)
        finally:
            connection.close()

    def closer() -> None:
        posted.wait(5)
        try:
            answers.append(close())
        except OMSError as error:
            answers.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=poster), threading.Thread(target=closer)]
    [t.start() for t in threads]
    [t.join(20) for t in threads]
    return answers, Invoice.objects.get()


def test_closing_waits_for_what_is_being_posted(live_money: Money) -> None:
    answers, invoice = meet(live_money, lambda: close_month(FIRST, "", by=live_money.world.finance))
    closed = next(x for x in answers if isinstance(x, ClosedMonth))
    assert (invoice.invoice_date, closed.balances) == (day(FIRST, 9), {"EUR": "36.000"})
    assert violated() == []


def test_red_control_who_only_looks_misses_what_is_being_posted(live_money: Money) -> None:
    """The same without the lock: the sum is taken while the posting is under way, and what is kept would be wrong."""
    answers, _invoice = meet(live_money, lambda: [str(x.closing) for x in rolled(FIRST)])
    assert [] in answers and [str(x.closing) for x in rolled(FIRST)] == ["36.000"]


def test_the_pages_show_close_and_ask(books: Money, client: Client) -> None:
    client.force_login(books.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    code = f"{FIRST:%Y-%m}"
    assert f"{FIRST:%B %Y}" in client.get(reverse("orders:month-list")).content.decode()
    page = client.get(reverse("orders:month-close", args=[code])).content.decode()
    assert page.count("640.00") >= 2 and reverse("orders:month-close-do", args=[code]) in page
    assert client.get(reverse("orders:month-close", args=["2026-13"])).status_code == 400
    assert client.post(reverse("orders:month-close-do", args=[code]), {"reason": "done"}).status_code == 302
    page = client.get(reverse("orders:month-close", args=[code])).content.decode()
    assert "Closed by" in page and reverse("orders:month-reopen", args=[code]) in page
    assert client.post(reverse("orders:month-reopen", args=[code]), {"reason": "forgot one"}).status_code == 302
    assert ChangeRequest.objects.get().kind == "payments.reopen_month"
    assert client.get(reverse("orders:month-close", args=[f"{next_month(SECOND):%Y-%m}"])).status_code == 200
