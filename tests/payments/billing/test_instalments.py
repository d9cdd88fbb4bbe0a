"""Instalments: equal parts of one invoice, a month apart; what is paid settles the earliest first, on every page and day."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from oms.kernel.dates import later
from payments.bank.domain import Proposal
from payments.bank.selectors import propose
from payments.bank.services import apply_line
from payments.billing.domain import instalment_of, parts_of
from payments.billing.selectors import account_statement, ageing, ageing_of, balance, reminders_due
from payments.billing.services import dun, refresh_overdue
from payments.models import BankLine, BillingTerms, Invoice
from tests.payments.conftest import TODAY, Money, days, violated

D = Decimal


@pytest.mark.parametrize(("total", "count", "places", "made"), [
    ("100.00", 3, 2, (3, "33.33")), ("100", 3, 0, (3, "33")), ("1.000", 3, 3, (3, "0.333")), ("100.00", 1, 2, (1, "0")), ("0.05", 6, 2, (1, "0")), ("0", 4, 2, (1, "0")),
])  # fmt: skip
def test_parts_are_equal_in_the_currencys_smallest_unit(total: str, count: int, places: int, made: tuple[int, str]) -> None:
    assert instalment_of(D(total), count, places) == (made[0], D(made[1]))


def test_the_last_part_takes_the_rest_and_short_months_end_earlier() -> None:
    parts = parts_of(D("100.00"), D("60.00"), date(2026, 1, 31), 3, D("33.33"))
    assert [(x.due_date, x.amount, x.open) for x in parts] == [
        (date(2026, 1, 31), D("33.33"), D("0.00")), (date(2026, 2, 28), D("33.33"), D("26.66")), (date(2026, 3, 31), D("33.34"), D("33.34"))]
    assert later(date(2026, 11, 30), 3) == date(2027, 2, 28)


@pytest.mark.django_db
def test_the_database_counts_parts_as_python_does() -> None:
    r = random.Random(3)
    with connection.cursor() as cursor:
        for _ in range(300):
            total, day = D(r.randint(1, 99_999)) / 100, date(2026, 1, 1) + days(r.randint(0, 400))
            count, each = instalment_of(total, r.randint(1, 24), 2)
            rest = r.choice([total, D(0), D(r.randint(0, int(total * 100))) / 100])
            cursor.execute("SELECT * FROM open_parts(%s, %s, %s, %s::smallint, %s) ORDER BY 1", [total, rest, day, count, each])
            found = list(cursor.fetchall())
            assert found == [(x.number, x.due_date, x.amount, x.open) for x in parts_of(total, rest, day, count, each) if x.open]
            cursor.execute("SELECT next_due(%s, %s, %s, %s::smallint, %s)", [total, rest, day, count, each])
            assert rest == 0 or cursor.fetchone()[0] == found[0][1]


@pytest.fixture
def parts(money: Money) -> Invoice:
    """120.00 gross, dated 70 days ago, due 60 days ago in three parts of 40.00."""
    BillingTerms.objects.update_or_create(customer=money.world.customer, defaults={"instalments": 3, "discount_share": D("0.02"), "discount_days": 90})
    return money.invoice("100.00", day=TODAY - days(70), terms=10)


def test_only_parts_past_their_day_are_overdue_everywhere(money: Money, parts: Invoice) -> None:
    account, finance = money.account, money.world.finance
    assert (parts.instalments, parts.instalment, parts.discount_amount) == (3, D("40.00"), 0)
    due = [x.due_date for x in parts.parts]
    past = sum(1 for day in due if day < TODAY)
    assert past == 2 and due[2] >= TODAY
    refresh_overdue([account.pk], by=finance)
    account.refresh_from_db()
    assert (account.amount_overdue, account.oldest_due_date) == (D("80.00"), due[0])
    assert ageing_of(account.pk, TODAY) == [D("40.00"), D("40.00"), D("40.00"), D(0), D(0)]
    (row,) = ageing(finance, TODAY, TODAY)
    assert (row.not_due, row.to_30, row.to_60, row.oldest) == (D("40.00"), D("40.00"), D("40.00"), due[0])
    statement = account_statement(account.pk, TODAY - days(90), TODAY)
    assert [(x.name, x.due_date, x.rest) for x in statement.items] == [(f"{parts} {n}/3", due[n - 1], D("40.00")) for n in (1, 2, 3)]
    assert statement.overdue == D("80.00") and statement.closing == D("120.00")
    (reminder,) = reminders_due(TODAY)
    assert (reminder.open, reminder.due_date) == (D("80.00"), due[0])


def test_what_is_paid_settles_the_earliest_part_and_each_begins_its_own_reminders(money: Money, parts: Invoice) -> None:
    account, finance, customer = money.account, money.world.finance, money.world.customer.pk
    (notice,) = dun([account.pk], TODAY - days(40), by=finance)
    assert (notice.total, notice.items.get().due_date) == (D("40.00"), parts.due_date)
    apply_line(money.line("50.00", value_date=TODAY - days(35)), customer, {parts.pk: D("50.00")}, by=finance)
    parts.refresh_from_db()
    assert [x.open for x in parts.parts] == [D(0), D("30.00"), D("40.00")]
    (second,) = dun([account.pk], TODAY, by=finance)
    assert (second.level, second.total, second.items.get().due_date) == (1, D("30.00"), parts.parts[1].due_date)
    for ago in range(0, 75, 5):
        day = TODAY - days(ago)
        assert sum((row.balance for row in ageing(finance, day, TODAY)), D(0)) == balance(account.pk, day)
    apply_line(money.line("70.00"), customer, {parts.pk: D("70.00")}, by=finance)
    parts.refresh_from_db()
    assert (parts.state, parts.overdue, parts.next_due) == ("settled", 0, parts.parts[2].due_date)
    assert violated() == []


def proposed(line: int) -> Proposal:
    return propose([BankLine.objects.get(pk=line)])[line][0]


def test_money_of_the_next_part_is_proposed_with_certainty(money: Money, parts: Invoice) -> None:
    best = proposed(money.line("40.00", f"Part of {parts.number}"))
    assert (best.certain, best.allocations) == (True, ((parts.pk, D("40.00")),)) and "instalment" in [r.code for r in best.reasons]
    named = proposed(money.line("40.00", "thank you", counterparty=money.world.customer.name))
    assert named.allocations == ((parts.pk, D("40.00")),) and "instalment" in [r.code for r in named.reasons]


def test_pages_and_papers_show_the_parts(money: Money, parts: Invoice) -> None:
    client = Client()
    client.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("payments:invoice-detail", args=[parts.number])).content.decode()
    assert "Instalments" in page and page.count("40.00") >= 3
    assert client.get(reverse("payments:invoice-pdf", args=[parts.number])).content.startswith(b"%PDF")
    overdue = reverse("payments:invoice-list") + "?state=overdue"
    assert parts.number in client.get(overdue).content.decode()
    apply_line(money.line("80.00"), money.world.customer.pk, {parts.pk: D("80.00")}, by=money.world.finance)
    assert parts.number not in client.get(overdue).content.decode()


def test_the_database_refuses_parts_that_are_more_than_the_whole(money: Money, parts: Invoice) -> None:
    other: dict[str, Any] = {x.attname: getattr(parts, x.attname) for x in Invoice._meta.concrete_fields}
    with pytest.raises(IntegrityError, match="invoice_instalments"), transaction.atomic():
        Invoice.objects.create(**{**other, "id": 10**9, "number": "X-1", "serial": 10**9, "shipment_id": None, "instalments": 3, "instalment": D("50.00")})
