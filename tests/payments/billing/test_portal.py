"""A customer's own people see what they owe, and nobody else's: on the page, on paper and by the API."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import CustomerUser
from oms.access.services import create_partner_key, create_user
from payments.models import AccountMember
from tests.payments.conftest import Money


def signed_in(user: object) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[arg-type]
    return client


@pytest.fixture
def petra(money: Money) -> Client:
    return signed_in(money.world.partner)


def test_what_is_owed_is_seen_and_printed(money: Money, petra: Client) -> None:
    invoice = money.invoice("100.00")
    page = petra.get(reverse("payments:own-statement")).content.decode()
    assert invoice.number in page and "120.00" in page and reverse("payments:own-statement-pdf") in page
    assert petra.get(reverse("payments:own-statement-pdf")).content.startswith(b"%PDF")
    assert petra.get(reverse("payments:account-statement", args=["ACME"])).status_code == 403
    other, account = money.other()
    money.invoice("77.00", customer=other, account=account)
    assert "92.40" not in petra.get(reverse("payments:own-statement")).content.decode()


def test_an_account_that_another_pays_is_not_shown(money: Money) -> None:
    branch, _account = money.other("BRANCH", "Acme's branch")
    AccountMember.objects.filter(customer=branch).update(account=money.world.account)
    _account.payer_id = money.world.customer.pk
    _account.save()
    user = create_user("bruno", by=money.world.system, roles=["partner"])
    CustomerUser.objects.create(user=user, customer=branch)
    assert signed_in(user).get(reverse("payments:own-statement")).status_code == 404


def test_the_statement_by_the_api_adds_up(money: Money) -> None:
    money.invoice("100.00")
    _row, secret = create_partner_key(money.world.partner.pk, "test", ["invoices"], by=money.world.system)
    machine = Client(headers={"Authorization": f"Bearer {secret}"})
    found = machine.get(reverse("api:statement")).json()
    assert (found["customer"], found["opening"], found["closing"]) == ("ACME", "0.000", "120.000")
    assert sum(Decimal(p["amount"]) for p in found["postings"]) == sum(Decimal(i["rest"]) for i in found["items"]) == Decimal(120)
    assert machine.get(reverse("api:statement"), {"on": "2020-01-01"}).json()["closing"] == "0.000"
    assert machine.get(reverse("api:statement"), {"on": "soon"}).status_code == 400
    assert machine.get(reverse("api:statement"), {"customer": "BETA"}).json()["customer"] == "ACME"
    _row, staff = create_partner_key(money.world.finance.pk, "test", ["invoices"], by=money.world.system)
    finance = Client(headers={"Authorization": f"Bearer {staff}"})
    assert finance.get(reverse("api:statement"), {"customer": "ACME"}).json()["closing"] == "120.000"
    assert finance.get(reverse("api:statement"), {"customer": "NOBODY"}).status_code == 404
