"""Pages of credit terms: one person lowers and blocks, two persons raise and unblock."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.access.services import create_user
from payments.models import CreditAccount
from tests.payments.bank.test_views import signed_in, text
from tests.payments.conftest import Money


@pytest.fixture
def finance(money: Money) -> Client:
    return signed_in(money.world.finance)


@pytest.fixture
def second(money: Money) -> Client:
    """Another one of finance."""
    return signed_in(create_user("fred", by=money.world.system, roles=["finance"], first_name="Fred"))


def url(name: str, *args: Any) -> str:
    return reverse(f"payments:{name}", args=args or ["ACME"])


def proposal_on(page: str) -> int:
    """The proposal that the page's Confirm puts into force."""
    return int(re.findall(r"/limits/(\d+)/confirm/", page)[0])


def terms(money: Money) -> tuple[Decimal, bool]:
    account = CreditAccount.objects.get(pk=money.account.pk)
    return account.limit, account.blocked


def propose(client: Client, limit: str = "15,000", **fields: str) -> Any:
    return client.post(url("terms-propose"), {"limit": limit, "expires": "", "reason": "grows", **fields})


def test_one_person_lowers_a_limit_with_a_reason(money: Money, finance: Client) -> None:
    assert "10,000.00" in text(finance.get(url("limit-lower")))
    assert finance.post(url("limit-lower"), {"limit": "8000"}).status_code == 400
    assert "one person can only lower it" in text(finance.post(url("limit-lower"), {"limit": "12000", "reason": "x"}), 409)
    assert "is not an amount" in text(finance.post(url("limit-lower"), {"limit": "much", "reason": "x"}), 400)
    assert terms(money) == (Decimal(10_000), False)
    answer = finance.post(url("limit-lower"), {"limit": "8,000.50", "reason": "pays late"})
    assert terms(money) == (Decimal("8000.50"), False)
    page = text(finance.get(answer.url))
    assert "The limit is 8,000.50." in page and "lowered the limit from 10,000.00 to 8,000.50" in page and "pays late" in page


def test_a_cut_below_what_is_owed_blocks_and_says_so(money: Money, finance: Client) -> None:
    money.invoice("1000.00")
    page = text(finance.get(finance.post(url("limit-lower"), {"limit": "500", "reason": "risk"}).url))
    assert terms(money) == (Decimal(500), True)
    assert "more is owed, so the account is blocked" in page and "Above the limit by" in page and "700.00" in page


def test_a_raise_takes_another_person_of_finance(money: Money, finance: Client, second: Client) -> None:
    page = text(finance.get(propose(finance).url))
    assert terms(money) == (Decimal(10_000), False)
    assert "Proposed: 15,000.00" in page and "Somebody else of finance confirms it." in page
    assert "yours" in text(finance.get(reverse("payments:terms-list")))
    assert finance.get(reverse("web:counts")).json()["payments:terms-list"] == 0
    assert second.get(reverse("web:counts")).json()["payments:terms-list"] == 1
    page = text(second.get(reverse("payments:terms-list")))
    assert "Acme Tools" in page and "15,000.00" in page and "10,000.00" in page and "grows" in page
    proposal = proposal_on(page)
    confirm = url("terms-confirm", proposal)
    assert "Somebody else than who proposed" in text(finance.post(confirm), 403)
    assert terms(money) == (Decimal(10_000), False)
    answer = second.post(confirm)
    assert terms(money) == (Decimal(15_000), False)
    page = text(second.get(answer.url))
    assert "In force: Acme Tools has a limit of 15,000.00." in page and "Nothing to confirm" in page
    assert "in force already" in text(second.post(confirm), 409)


def test_other_terms_are_proposed_and_shown(money: Money, finance: Client, second: Client) -> None:
    page = text(finance.get(url("terms-propose")))
    assert "Of it orders may use" in page
    assert propose(finance, "10,000", share="120", days="30", overdue="").status_code == 400
    propose(finance, "10,000", share="80", days="60", overdue="500")
    page = text(second.get(reverse("payments:terms-list")))
    assert "days overdue 30 → 60" in page and "80" in page and "500.00" in page
    second.post(url("terms-confirm", proposal_on(page)))
    money.account.refresh_from_db()
    assert (money.account.limit_share, money.account.max_days_overdue, money.account.max_amount_overdue) == (Decimal("0.8"), 60, 500)


def test_sales_and_managers_propose_and_do_not_confirm(money: Money, finance: Client) -> None:
    sales, manager = signed_in(money.world.sales), signed_in(money.world.manager)
    for client in (sales, manager):
        assert propose(client, "11,000").status_code == 302
        assert client.get(reverse("payments:terms-list")).status_code == 403
        assert client.post(url("limit-lower"), {"limit": "1", "reason": "x"}).status_code == 403
    page = text(sales.get(url("account-detail")))
    assert "Finance confirms it." in page and "Lower the limit" not in page and "Block the account" not in page
    assert text(finance.get(reverse("payments:terms-list"))).count("/confirm/") == 2
    assert terms(money) == (Decimal(10_000), False)


def test_a_block_is_one_persons_and_its_release_two(money: Money, finance: Client, second: Client) -> None:
    assert finance.post(url("account-block"), {"reason": ""}).status_code == 400
    assert terms(money) == (Decimal(10_000), False)
    page = text(finance.get(finance.post(url("account-block"), {"reason": "returned mail"}).url))
    assert terms(money) == (Decimal(10_000), True) and "Propose to unblock" in page
    propose(finance, "10,000.00", unblock="on")
    page = text(second.get(url("account-detail")))
    assert "and unblock" in page
    second.post(url("terms-confirm", proposal_on(page)))
    assert terms(money) == (Decimal(10_000), False)


def test_a_proposal_from_terms_that_changed_is_gone(money: Money, finance: Client, second: Client) -> None:
    propose(finance)
    finance.post(url("limit-lower"), {"limit": "9000", "reason": "risk"})
    assert "Nothing to confirm" in text(second.get(reverse("payments:terms-list")))


@pytest.mark.parametrize("rows", [2, 20])
def test_the_list_takes_the_same_number_of_statements(money: Money, second: Client, finance: Client, rows: int, django_assert_max_num_queries: Any) -> None:
    for _n in range(rows):
        propose(finance)
    with django_assert_max_num_queries(6):
        assert text(second.get(reverse("payments:terms-list"))).count("/confirm/") == rows
