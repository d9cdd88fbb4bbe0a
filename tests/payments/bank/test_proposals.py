"""Many lines at once: what each would pay is shown, what is chosen is posted as it was shown, what moved is left."""

from __future__ import annotations

import re
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.kernel.errors import Forbidden, Invalid
from payments.bank.models import BankLine
from payments.bank.selectors import best_offers, open_lines
from payments.bank.services import Chosen, apply_line, post_chosen
from payments.models import BillingTerms, Invoice, Payment
from tests.payments.conftest import Money, violated

URL = reverse("payments:bank-proposals")


@pytest.fixture
def finance(money: Money) -> Client:
    client = Client()
    client.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    return client


def form(page: str) -> tuple[dict[str, str], list[str]]:
    """({field: value} of what was shown, the lines that are ticked)."""
    hidden = dict(re.findall(r'name="(shown-\d+)" value="([^"]*)"', page))
    return {name: unescape(value) for name, value in hidden.items()}, re.findall(r'name="line" value="(\d+)" id="line-\d+" checked', page)


def test_what_is_certain_is_ticked_and_posted_together(money: Money, finance: Client) -> None:
    invoices = [money.invoice(f"{n}00.00") for n in (1, 2, 3)]
    for invoice in invoices[:2]:
        money.line(str(invoice.total), invoice.number)
    money.line("300.00", "Acme Tools", counterparty="Acme Tools")  # a part of the third: likely at most
    shown, ticked = form(finance.get(URL).content.decode())
    assert (len(shown), len(ticked)) == (3, 2)
    answer = finance.post(URL, {**shown, "line": ticked}, follow=True).content.decode()
    assert "2 lines posted." in answer and Payment.objects.count() == 2
    assert [x.open_amount for x in Invoice.objects.order_by("pk")] == [0, 0, Decimal("360.000")]
    assert violated() == []


def test_what_moved_meanwhile_is_left(money: Money, finance: Client) -> None:
    one, two = money.invoice("100.00"), money.invoice("200.00")
    first, second = money.line("120.00", one.number), money.line("240.00", two.number)
    shown, ticked = form(finance.get(URL).content.decode())
    apply_line(first, money.world.customer.pk, {one.pk: Decimal("20.00")}, by=money.world.finance, amount=Decimal("20.00"))
    answer = finance.post(URL, {**shown, "line": ticked}, follow=True).content.decode()
    assert "1 line posted. 1 changed meanwhile: look again." in answer
    assert (BankLine.objects.get(pk=first).unmatched, BankLine.objects.get(pk=second).unmatched) == (Decimal("100.000"), 0)
    again = finance.post(URL, {**shown, "line": ticked}, follow=True).content.decode()
    assert "0 lines posted. 2 changed meanwhile: look again." in again and Payment.objects.count() == 2


def test_two_lines_for_one_invoice_pay_it_once(money: Money, finance: Client) -> None:
    invoice = money.invoice("100.00")
    money.line("120.00", invoice.number)
    money.line("120.00", f"again {invoice.number}")
    shown, _ticked = form(finance.get(URL).content.decode())
    done = finance.post(URL, {**shown, "line": [name[6:] for name in shown]}, follow=True).content.decode()
    assert "1 line posted. 1 changed meanwhile" in done and Invoice.objects.get().open_amount == 0


def test_a_kept_discount_is_posted_as_shown(money: Money, finance: Client) -> None:
    BillingTerms.objects.create(customer=money.world.customer, discount_share=Decimal("0.02"), discount_days=10)
    early = money.invoice("100.00")
    assert early.discount_amount == Decimal("2.40")
    money.line("117.60", early.number)
    shown, _ticked = form(finance.get(URL).content.decode())
    finance.post(URL, {**shown, "line": [name[6:] for name in shown]})
    assert (Payment.objects.get().amount, Invoice.objects.get().open_amount) == (Decimal("117.60"), 0) and violated() == []


def test_what_is_too_much_stays_on_the_account(money: Money, finance: Client) -> None:
    money.line("150.00", money.invoice("100.00").number)
    shown, ticked = form(finance.get(URL).content.decode())
    assert ticked == []
    finance.post(URL, {**shown, "line": [name[6:] for name in shown]})
    assert (Payment.objects.get().applied, money.buckets()[2]) == (Decimal("120.00"), Decimal("30.00")) and violated() == []


@pytest.mark.parametrize("sent", ["", "[]", "nothing", '["1",1,[[1,"NaN"]],[]]', '["1",1,[[99999999999999999999,"1"]],[]]', '["x",1,[],[]]', "[" * 9_000])
def test_what_the_page_did_not_send_is_refused(money: Money, finance: Client, sent: str) -> None:
    line = money.line("120.00")
    answer = finance.post(URL, {"line": [str(line)], f"shown-{line}": sent})
    assert answer.status_code == 400 and "Choose lines of the page." in answer.content.decode()
    assert finance.post(URL, {}).status_code == 400


def test_who_may(money: Money) -> None:
    with pytest.raises(Forbidden):
        post_chosen([Chosen(1, Decimal(1), 1, ())], by=money.world.sales)
    with pytest.raises(Invalid):
        post_chosen([Chosen(1, Decimal(1), 1, ())] * 201, by=money.world.finance)


def test_a_hundred_lines_take_the_statements_of_two(money: Money, django_assert_num_queries: Any) -> None:
    for n in range(2):
        money.line("120.00", money.invoice(f"{100 + n}.00").number)
    lines = list(open_lines())
    with django_assert_num_queries(4) as seen:
        assert len(best_offers(lines)) == 2
    for n in range(2, 60):
        money.line("120.00", money.invoice(f"{100 + n}.00").number)
    lines = list(open_lines())
    with django_assert_num_queries(len(seen.captured_queries)):
        assert len(best_offers(lines)) == 60
