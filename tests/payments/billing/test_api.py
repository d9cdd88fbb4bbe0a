"""Invoices and bank statements by API: what a partner sees of its own, and of nobody else; a file of the bank once."""

from __future__ import annotations

from decimal import Decimal

from django.test import Client
from django.urls import reverse

from customers.models import CustomerUser
from oms.access.services import create_partner_key
from payments.models import BankLine, BillingTerms
from tests.payments.bank.test_statements import GERMAN
from tests.payments.conftest import IBAN, TODAY, Money, days


def key_of(money: Money, *scopes: str) -> Client:
    """A client with a key of the partner of Acme."""
    CustomerUser.objects.get_or_create(user=money.world.partner, customer=money.world.customer)
    _key, raw = create_partner_key(money.world.partner.pk, "test", list(scopes), by=money.world.system)
    return Client(headers={"Authorization": f"Bearer {raw}"})


def test_a_partner_reads_its_own_invoices_their_parts_and_their_pdf(money: Money) -> None:
    BillingTerms.objects.create(customer=money.world.customer, instalments=2)
    mine = money.invoice("100.00", day=TODAY - days(40), terms=10)
    other, account = money.other()
    theirs = money.invoice("50.00", customer=other, account=account)
    client = key_of(money, "invoices")
    (row,) = client.get(reverse("api:invoice-list")).json()["results"]
    assert (row["number"], row["open"], row["state"], row["due_date"]) == (mine.number, "120.000", "overdue", str(mine.due_date))
    found = client.get(reverse("api:invoice-detail", args=[mine.number])).json()
    assert [x["amount"] for x in found["parts"]] == ["60.000", "60.000"] and found["lines"][0]["net"] == "100.000"
    assert client.get(reverse("api:invoice-pdf", args=[mine.number])).content.startswith(b"%PDF")
    assert client.get(reverse("api:invoice-list") + "?state=settled").json()["results"] == []
    for name in ("invoice-detail", "invoice-pdf"):
        assert client.get(reverse(f"api:{name}", args=[theirs.number])).status_code == 404
    assert key_of(money, "orders").get(reverse("api:invoice-list")).status_code == 403


def test_a_statement_comes_in_once_by_finance_alone(money: Money) -> None:
    url, finance = reverse("api:bank-statements"), Client()
    finance.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    first = finance.post(url + f"?account={IBAN}&name=a.sta", GERMAN.encode(), content_type="application/octet-stream")
    assert first.status_code == 200 and first.json()["new"] == BankLine.objects.count() > 0
    again = finance.post(url + f"?account={IBAN}", GERMAN.encode(), content_type="application/octet-stream").json()
    assert (again["new"], again["known"]) == (0, first.json()["new"])
    assert finance.post(url + "?account=nobody", GERMAN.encode(), content_type="application/octet-stream").status_code == 400
    assert finance.post(url, b"\x00\x01", content_type="application/octet-stream").status_code == 400
    manager = Client()
    manager.force_login(money.world.manager, backend="django.contrib.auth.backends.ModelBackend")
    assert manager.post(url, GERMAN.encode(), content_type="application/octet-stream").status_code == 403
    assert sum(BankLine.objects.values_list("amount", flat=True), Decimal(0)) != 0
