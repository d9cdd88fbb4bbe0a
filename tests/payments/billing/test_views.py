"""Pages of invoices and receivables, through Django's client: exact amounts, the row filter, paper, any past day."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Customer, Post, Territory
from oms.company.selectors import company
from oms.web.documents import pdf
from payments.bank.services import apply_line, reverse_payment
from payments.billing.documents import invoice_data, statement_data
from payments.billing.selectors import (
    account_statement,
    added_up,
    ageing,
    ageing_of,
    balance,
    items_on,
    tax_notes,
    within,
)
from payments.billing.services import refresh_overdue
from payments.models import CreditAccount, Invoice
from tests.payments.bank.test_views import signed_in, text
from tests.payments.conftest import TODAY, Money, days


@pytest.fixture
def finance(money: Money) -> Client:
    return signed_in(money.world.finance)


def invoice_page(number: str) -> str:
    return reverse("payments:invoice-detail", args=[number])


def account_page(code: str = "ACME") -> str:
    return reverse("payments:account-detail", args=[code])


def pay(money: Money, amount: str, parts: dict[int, str], day: Any = TODAY, name: str = "") -> Any:
    line = money.line(amount, name or f"line {amount} {day}", value_date=day)
    return apply_line(line, money.world.customer.pk, {i: Decimal(a) for i, a in parts.items()}, by=money.world.finance)


def test_the_list_is_narrowed_by_words_and_state(money: Money, finance: Client) -> None:
    late = money.invoice("100.00", day=TODAY - days(50), terms=30)
    money.invoice("50.00")
    paid = money.invoice("10.00")
    pay(money, "12.00", {paid.pk: "12.00"})
    beta, account = money.other()
    other = money.invoice("70.00", customer=beta, account=account)
    url = reverse("payments:invoice-list")
    for query, seen in (("", 4), ("state=open", 3), ("state=overdue", 1), ("state=settled", 1), ("q=beta", 1), (f"q={late.order_number}", 1),
                        (f"since={TODAY}", 3), (f"until={TODAY - days(1)}", 1), ("q=nothing", 0)):  # fmt: skip
        page = text(finance.get(f"{url}?{query}"))
        assert page.count("data-href=") == seen, query
    page = text(finance.get(f"{url}?state=overdue"))
    assert late.number in page and "120.00" in page and "Overdue" in page and other.number not in page
    data = b"".join(finance.get(f"{url}?state=settled&export=csv").streaming_content).decode()
    assert paid.number in data and "12.000" in data and late.number not in data


def test_an_invoice_shows_lines_tax_payments_and_where_it_came_from(money: Money, finance: Client) -> None:
    invoice = money.invoice("100.00", shipment_number="SH0000007")
    payment = pay(money, "70.00", {invoice.pk: "70.00"})
    page = text(finance.get(invoice_page(invoice.number)))
    for said in ("Adjustable spanner", "100.00", "Standard 20.0\u00a0% on 100.00", "20.00", "120.00", "70.00", "50.00 open",
                 reverse("orders:order-detail", args=[invoice.order_number]), reverse("orders:shipment-detail", args=["SH0000007"]),
                 reverse("payments:payment-detail", args=[payment.number]), "Acme Tools"):  # fmt: skip
        assert said in page, said
    reverse_payment(payment.pk, "mistake", by=money.world.finance)
    page = text(finance.get(invoice_page(invoice.number)))
    assert "undone" in page and "\u221270.00" in page


def test_everybody_sees_their_own_customers_invoices_only(money: Money) -> None:
    beta, account = money.other()
    mine, theirs = money.invoice("100.00"), money.invoice("50.00", customer=beta, account=account)
    partner = signed_in(money.world.partner)
    page = text(partner.get(reverse("payments:invoice-list")))
    assert mine.number in page and theirs.number not in page
    page = text(partner.get(invoice_page(mine.number)))
    assert "Timeline" not in page and account_page() not in page
    for name in ("payments:invoice-detail", "payments:invoice-pdf"):
        assert partner.get(reverse(name, args=[theirs.number])).status_code == 404
    assert partner.get(account_page()).status_code == 403
    money.world.post.holdings.all().delete()
    sales = signed_in(money.world.sales)
    assert sales.get(invoice_page(mine.number)).status_code == 404
    for name in ("payments:account-detail", "payments:account-statement", "payments:account-statement-pdf"):
        assert sales.get(reverse(name, args=["ACME"])).status_code == 404
    assert mine.number not in text(sales.get(reverse("payments:invoice-list")))
    assert "Acme" not in text(sales.get(reverse("payments:receivables")))
    assert "Acme" not in text(sales.get(reverse("payments:ageing")))


def test_the_paper_says_what_the_page_says_and_hostile_text_stays_text(money: Money, finance: Client) -> None:
    invoice = money.invoice("100.00", customer_po='#read("/etc/passwd") $x$ "*')
    answer = finance.get(reverse("payments:invoice-pdf", args=[invoice.number]))
    assert answer.status_code == 200 and answer["Content-Type"] == "application/pdf" and answer.content.startswith(b"%PDF-")
    data = invoice_data(Invoice.objects.get(pk=invoice.pk), company(), tax_notes(invoice))
    assert data["totals"] == [["Net", "100.00"], ["Standard 20.0\u00a0% on 100.00", "20.00"], ["Total EUR", "120.00"]]
    assert data["lines"] == [["Adjustable spanner", "A", "1", "100.00", "", "20.0\u00a0%", "100.00"]]
    assert ["Your order", '#read("/etc/passwd") $x$ "*'] in data["facts"] and json.loads(json.dumps(data)) == data
    assert pdf("payments/billing/invoice.typ", data).startswith(b"%PDF-")


def test_receivables_show_every_account_in_its_buckets(money: Money, finance: Client) -> None:
    late = money.invoice("100.00", day=TODAY - days(50), terms=30)
    money.invoice("50.00")
    money.reserve("300.00", order=99)
    pay(money, "30.00", {})
    money.other()
    refresh_overdue([money.account.pk], by=money.world.finance)
    page = text(finance.get(reverse("payments:receivables")))
    row = page.split('class="key long"')[1] if 'class="key long"' in page else page
    for said in ("Acme Tools", "Overdue", "300.00", "180.00", "30.00", "450.00", "10,000.00", "120.00"):
        assert said in row, said
    for query, seen in (("state=overdue", 1), ("state=over", 0), ("state=blocked", 0), ("q=beta", 1), ("q=acme", 1)):
        assert text(finance.get(f"{reverse('payments:receivables')}?{query}")).count("data-href=") == seen, query
    page = text(finance.get(account_page()))
    for said in (late.number, "20 d late", "450.00", "9,550.00", "PAY1", "10,000.00"):
        assert said in page, said


def test_the_ageing_of_any_day_is_that_of_the_ledgers(money: Money, finance: Client) -> None:
    one = money.invoice("100.00", day=TODAY - days(80), terms=30)
    money.invoice("50.00", day=TODAY - days(10), terms=30)
    pay(money, "20.00", {one.pk: "20.00"}, day=TODAY - days(5))
    assert ageing_of(money.account.pk, TODAY) == [Decimal(60), 0, Decimal(100), 0, 0]
    url = reverse("payments:ageing")
    page = text(finance.get(url))
    assert "100.00" in page and "160.00" in page
    page = text(finance.get(f"{url}?on={TODAY - days(20)}"))
    assert "120.00" in page and "160.00" not in page and "60.00" not in page
    assert "is not a date" in text(finance.get(f"{url}?on=tomorrow"), 400)
    data = b"".join(finance.get(f"{url}?export=csv").streaming_content).decode()
    assert "Acme Tools" in data and "100.000" in data


def test_the_ageing_by_post_and_region_adds_up_to_the_customers_and_opens_them(money: Money, finance: Client) -> None:
    money.invoice("100.00", day=TODAY - days(80), terms=30)
    other = Post.objects.create(code="P2", name="Sales elsewhere", territory=Territory.objects.create(code="T2", name="Elsewhere"))
    beta, account = money.other()
    Customer.objects.filter(pk=beta.pk).update(post=other)
    money.invoice("70.00", customer=beta, account=account)
    rows = ageing(money.world.finance, TODAY, TODAY)
    for by, code in (("post", "P2"), ("territory", "T2")):
        added = added_up(rows, by)
        assert len(added) == 2 and sum(r.balance for r in added) == sum(r.balance for r in rows) > 0
        assert [r.code for r in within(rows, by, code)] == ["BETA"]
        page = text(finance.get(f"{reverse('payments:ageing')}?by={by}"))
        assert f"{by}={code}" in page and "lsewhere" in page
        page = text(finance.get(f"{reverse('payments:ageing')}?{by}={code}"))
        assert beta.name in page and "Acme Tools" not in page


def test_a_statement_of_account_adds_up_on_every_past_day(money: Money, finance: Client) -> None:
    one = money.invoice("100.00", day=TODAY - days(40), terms=30)
    two = money.invoice("50.00", day=TODAY - days(20), terms=30)
    first = pay(money, "150.00", {one.pk: "120.00"}, day=TODAY - days(10))
    second = pay(money, "10.00", {two.pk: "10.00"}, day=TODAY - days(3))
    reverse_payment(first.pk, "bounced", by=money.world.finance)
    account = money.account.pk
    for n in range(45, -2, -1):
        day = TODAY - timedelta(days=n)
        statement = account_statement(account, day - days(15), day)
        assert statement.closing == balance(account, day) == sum((x.rest for x in items_on(account, day)), Decimal(0)), day
        assert statement.opening == balance(account, day - days(16)), day
    statement = account_statement(account, TODAY - days(30), TODAY - days(5))
    assert [(p.number, p.amount, p.balance) for p in statement.postings] == [
        (two.number, Decimal(60), Decimal(180)), (first.number, Decimal(-150), Decimal(30)),
    ]  # fmt: skip
    assert [(x.kind, x.number, x.rest) for x in statement.items] == [
        ("invoice", two.number, Decimal(60)), ("payment", first.number, Decimal(-30)),
    ]  # fmt: skip
    assert statement.ages == [Decimal(60), 0, 0, 0, 0] and statement.overdue == 0
    now = account_statement(account, TODAY - days(30), TODAY)
    assert (now.closing, now.overdue, [x.number for x in now.items]) == (Decimal(170), Decimal(120), [one.number, two.number])
    url = reverse("payments:account-statement", args=["ACME"])
    page = text(finance.get(f"{url}?on={TODAY - days(5)}&since={TODAY - days(30)}"))
    assert "30.00" in page and first.number in page and second.number not in page and "Brought forward" in page
    assert "170.00" in text(finance.get(url))
    assert "is not a date" in text(finance.get(f"{url}?on=2026-02-31"), 400)


def test_the_statement_goes_on_paper(money: Money, finance: Client) -> None:
    money.invoice("100.00", day=TODAY - days(40), terms=30)
    answer = finance.get(reverse("payments:account-statement-pdf", args=["ACME"]))
    assert answer.content.startswith(b"%PDF-") and "statement-ACME" in answer["Content-Disposition"]
    data = statement_data(CreditAccount.objects.get(pk=money.account.pk), account_statement(money.account.pk, TODAY - days(60), TODAY), company())
    assert data["open_total"] == ["You owe", "120.00"]
    assert data["ages"][1] == ["0.00", "120.00", "0.00", "0.00", "0.00"]
    assert data["moves"][0][1:] == ["Balance brought forward", "", "", "0.00"]


@pytest.mark.parametrize("rows", [3, 60])
def test_the_pages_take_the_same_number_of_statements(money: Money, finance: Client, rows: int, django_assert_max_num_queries: Any) -> None:
    made = [money.invoice("10.00", day=TODAY - days(n)) for n in range(rows)]
    for invoice in made[: rows // 2]:
        pay(money, "12.00", {invoice.pk: "12.00"}, name=invoice.number)
    pages = (
        (reverse("payments:invoice-list"), 5), (invoice_page(made[0].number), 10), (reverse("payments:receivables"), 5),
        (reverse("payments:ageing"), 6), (account_page(), 13), (reverse("payments:account-statement", args=["ACME"]), 8),
    )  # fmt: skip
    for url, most in pages:
        finance.get(url)
        with django_assert_max_num_queries(most):
            text(finance.get(url))
