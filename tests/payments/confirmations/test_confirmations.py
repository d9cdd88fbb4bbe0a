"""Balances asked, answered once by link or by finance, a difference a case, the share shown; the database keeps what was asked."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from oms.mail.models import Mail
from orders.models import Case
from payments.confirmations.selectors import share
from payments.confirmations.services import SIGNER, answer_balance, answer_url, ask_balances
from payments.models import BalanceConfirmation
from tests.payments.conftest import TODAY, Money

D = Decimal
YESTERDAY = TODAY - timedelta(days=1)
pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(money: Money, settings: Any) -> BalanceConfirmation:
    """Acme owes 120.00 of yesterday and was asked."""
    settings.SITE_URL = "https://orders.example.com"
    money.invoice("100.00", day=YESTERDAY)
    assert ask_balances(YESTERDAY, by=money.world.finance) == 1
    return BalanceConfirmation.objects.get()


def test_asking_takes_the_balance_of_that_day_once(money: Money, asked: BalanceConfirmation) -> None:
    money.invoice("50.00")  # of today
    assert (asked.balance, asked.state, asked.customer_id) == (D("120.00"), "waiting", money.world.customer.pk)
    with pytest.raises(Conflict) as refused:
        ask_balances(YESTERDAY, by=money.world.finance)
    assert refused.value.code == "nobody_to_ask"
    with pytest.raises(Invalid) as early:
        ask_balances(TODAY, by=money.world.finance)
    assert early.value.code == "day_not_over"
    for person in (money.world.sales, money.world.manager, money.world.partner):
        with pytest.raises(Forbidden):
            ask_balances(YESTERDAY - timedelta(days=1), by=person)
    other, account = money.other()
    money.invoice("10.00", customer=other, account=account, day=YESTERDAY)
    assert ask_balances(YESTERDAY, ["BETA"], by=money.world.finance) == 1
    assert BalanceConfirmation.objects.get(customer=other).balance == D("12.00")


def test_the_letter_brings_the_link_and_the_statement(money: Money, asked: BalanceConfirmation) -> None:
    from customers.models import Contact

    Contact.objects.create(customer=money.world.customer, name="Anna", email="anna@acme.example")
    drain_all()
    mail = Mail.objects.get(kind="balance")
    assert answer_url(asked.pk) in mail.body and "120.00" in mail.body
    assert (mail.file_kind, mail.file_id) == ("balance", asked.pk)
    from orders.letters.receivers import balance_file

    name, content = balance_file(asked.pk)
    assert name.startswith("statement-") and content.startswith(b"%PDF")


def test_the_customer_confirms_by_the_link_once(money: Money, asked: BalanceConfirmation, client: Client) -> None:
    url = answer_url(asked.pk).removeprefix("https://orders.example.com")
    page = client.get(url)
    assert page.status_code == 200 and "120.00" in page.content.decode()
    assert client.post(url, {"answer": "agrees", "said_by": ""}).status_code == 400
    assert client.post(url, {"answer": "other", "said": "many", "said_by": "Anna"}).status_code == 400
    assert client.post(url, {"answer": "agrees", "said_by": "Anna"}).status_code == 200
    asked.refresh_from_db()
    assert (asked.state, asked.said, asked.said_by, asked.by_link) == ("confirmed", D("120.00"), "Anna", True)
    again = client.post(url, {"answer": "other", "said": "1.00", "said_by": "Bob"})
    assert again.status_code == 409 and BalanceConfirmation.objects.get().said == D("120.00")
    drain_all()
    assert not Case.objects.exists()
    found = share(money.world.finance, None)
    assert found is not None and (found.day, found.asked, found.percent, found.waiting) == (YESTERDAY, 1, 100, 0)


def test_a_difference_opens_a_case_with_both_amounts(money: Money, asked: BalanceConfirmation) -> None:
    with pytest.raises(Invalid):
        answer_balance(asked.pk, D("100.001"), "Anna", by=money.world.finance)
    with pytest.raises(Forbidden):
        answer_balance(asked.pk, D("100.00"), "Anna", by=money.world.sales)
    answer_balance(asked.pk, D("100.00"), "Anna", "INV-1 is too high", by=money.world.finance)
    drain_all()
    drain_all()
    case = Case.objects.get()
    assert (case.customer_id, case.kind, case.amount) == (money.world.customer.pk, "claim", D("20.00"))
    text = case.messages.get().text
    assert "120.00" in text and "100.00" in text and "INV-1 is too high" in text
    with pytest.raises(Conflict):
        answer_balance(asked.pk, D("120.00"), "Anna", by=money.world.finance)


def test_a_forged_link_is_none(money: Money, asked: BalanceConfirmation, client: Client) -> None:
    for token in ("7", f"{asked.pk}:nonsense", SIGNER.sign("x"), SIGNER.sign(str(asked.pk + 1))):
        assert client.get(reverse("payments:balance-answer-link", args=[token])).status_code == 404


def test_the_pages_ask_note_and_show(money: Money, asked: BalanceConfirmation, client: Client) -> None:
    client.force_login(money.world.finance)
    listed = client.get(reverse("payments:balance-list")).content.decode()
    assert "0 % of 1 confirmed" in listed
    page = reverse("payments:balance-detail", args=[asked.pk])
    assert "By now our books say" not in client.get(page).content.decode()
    money.invoice("10.00", day=YESTERDAY)
    assert "By now our books say" in client.get(page).content.decode()
    assert client.post(page, {"answer": "other", "said": "120.50", "said_by": "Anna, by phone"}).status_code == 302
    assert BalanceConfirmation.objects.get().difference == D("0.50")
    money.other()
    asked_too = client.post(reverse("payments:balance-ask"), {"day": str(YESTERDAY), "customers": "BETA"})
    assert asked_too.status_code == 409
    client.force_login(money.world.manager)
    assert client.get(page).status_code == 200 and client.post(page, {"answer": "agrees", "said_by": "M"}).status_code == 403


def test_the_database_keeps_what_was_asked_and_answered(money: Money, asked: BalanceConfirmation) -> None:
    from django.db import transaction
    from django.db.utils import DatabaseError

    def refused(**changes: Any) -> bool:
        try:
            with transaction.atomic():
                BalanceConfirmation.objects.filter(pk=asked.pk).update(**changes)
        except DatabaseError:
            return True
        return False

    assert refused(balance=D("1.00")) and refused(day=date(2020, 1, 1)) and refused(state="confirmed")
    answer_balance(asked.pk, D("120.00"), "Anna", by=money.world.finance)
    assert refused(said_by="Eve") and refused(state="waiting", said=None, said_by="", answered_at=None)
    with pytest.raises(NotFound):
        answer_balance(asked.pk + 10, D("1.00"), "Anna", by=money.world.finance)


def test_once_a_month_the_last_one_is_asked_for_from_the_companys_day_on(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    from oms.company.models import Company
    from payments.confirmations import tasks

    class Running:
        by = money.world.system

    assert tasks.month_to_ask(date(2026, 6, 30)) is None  # by hand, unless the company says a day
    Company.objects.update_or_create(pk=1, defaults={"name": "Us", "currency_id": "EUR", "country": "FR", "balance_day": 3})
    assert tasks.month_to_ask(date(2026, 6, 2)) is None
    assert tasks.month_to_ask(date(2026, 6, 3)) == tasks.month_to_ask(date(2026, 6, 9)) == date(2026, 5, 31)
    money.invoice("100.00", day=date(2026, 5, 20))
    monkeypatch.setattr(tasks, "localdate", lambda: date(2026, 6, 9))
    assert tasks.monthly(Running()) == {"asked": 1}  # type: ignore[arg-type]
    assert BalanceConfirmation.objects.get().day == date(2026, 5, 31)
    assert tasks.monthly(Running()) == {"asked": 0}  # type: ignore[arg-type]
