"""Reserving, moving and the terms of credit accounts."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from oms.access.services import create_user
from oms.events.models import Event
from oms.events.services import command, current
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from payments.credit.domain import Refusal
from payments.credit.selectors import open_proposals, said, view_of
from payments.credit.services import (
    AccountRow,
    block_account,
    confirm_terms,
    force_reserve,
    lower_limit,
    move,
    open_accounts,
    propose_terms,
    release_reservation,
)
from payments.models import CreditAccount, CreditEntry
from tests.payments.conftest import Money, days, violated
from tests.world import make_customer

ZERO = Decimal(0)


def test_a_reservation_within_the_limit_is_taken_and_written_once(money: Money) -> None:
    assert money.reserve("9999.99")
    assert money.buckets() == (Decimal("9999.99"), ZERO, ZERO, ZERO)
    (entry,) = CreditEntry.objects.values_list("bucket", "amount", "reference_kind", "reference_id")
    assert entry == ("reserved", Decimal("9999.99"), "order", 1)


def test_one_cent_above_the_limit_is_refused_and_leaves_no_entry(money: Money) -> None:
    assert money.reserve("10000.00")
    assert not money.reserve("0.01", order=2)
    assert money.buckets()[0] == Decimal("10000.00")
    assert CreditEntry.objects.count() == 1


@pytest.mark.parametrize("terms", [{"blocked": True}, {"limit_expires": date.today() - days(1)}, {"limit": Decimal("49.99")}])
def test_a_blocked_expired_or_full_account_takes_nothing(money: Money, terms: dict[str, Any]) -> None:
    CreditAccount.objects.filter(pk=money.account.pk).update(**terms)
    assert not money.reserve("50.00")
    assert money.buckets()[0] == ZERO


def test_a_limit_is_good_on_its_last_day_as_business_time_sees_it(money: Money) -> None:
    CreditAccount.objects.filter(pk=money.account.pk).update(limit_expires=date(2020, 6, 30))
    assert money.reserve("1.00", at=datetime(2020, 6, 30, 23, 59, tzinfo=UTC))
    assert not money.reserve("1.00", order=2, at=datetime(2020, 7, 1, tzinfo=UTC))


def test_open_invoices_count_and_unapplied_money_counts_back(money: Money) -> None:
    with command("test.move", by=money.world.system):
        event = current().event("test.moved", [])
        move(money.account.pk, [("receivable", Decimal(9000), "invoice", 1), ("unapplied", Decimal(500), "payment", 1)], event)
    assert money.account.exposure == Decimal(8500)
    assert not money.reserve("1500.01")
    assert money.reserve("1500.00")


def test_giving_back_more_than_was_reserved_is_refused_whole(money: Money) -> None:
    money.reserve("100.00")
    with pytest.raises(Conflict) as refused, command("test.release", by=money.world.system):
        event = current().event("order.cut", [])
        release_reservation(money.account.pk, 1, Decimal("100.01"), event)
    assert refused.value.code == "credit_bucket"


def test_a_released_hold_reserves_above_the_limit_and_without_an_account_nothing(money: Money) -> None:
    with command("test.force", by=money.world.system):
        event = current().event("order.hold_lifted", [])
        force_reserve(money.account.pk, 7, Decimal(12_000), event)
        force_reserve(None, 8, Decimal(5), event)
    assert money.buckets()[0] == Decimal(12_000)
    assert CreditEntry.objects.count() == 1


def test_moves_of_nothing_write_nothing(money: Money) -> None:
    with command("test.move", by=money.world.system):
        move(money.account.pk, [("reserved", ZERO, "order", 1)], current().event("test.moved", []))
    assert not CreditEntry.objects.exists()


def test_an_account_nobody_has_is_a_programmer_error(money: Money) -> None:
    with pytest.raises(AssertionError), command("test.move", by=money.world.system):
        move(0, [("reserved", Decimal(1), "order", 1)], current().event("test.moved", []))


@pytest.mark.parametrize("guarded", [True, False])
def test_of_two_orders_for_the_last_of_a_limit_one_is_taken(live_money: Money, guarded: bool) -> None:
    """The red control reads, checks and writes without the guard: both are then taken."""
    account, both = live_money.account.pk, threading.Barrier(2)
    taken: list[bool] = []

    def order(number: int) -> None:
        try:
            if guarded:
                both.wait(5)
                taken.append(live_money.reserve("6000.00", order=number))
                return
            row = CreditAccount.objects.get(pk=account)
            both.wait(5)
            fits = row.exposure + 6000 <= row.limit
            if fits:
                with connection.cursor() as cursor:
                    cursor.execute("UPDATE payments_creditaccount SET reserved = reserved + 6000 WHERE id = %s", [account])
            taken.append(fits)
        finally:
            connection.close()

    threads = [threading.Thread(target=order, args=(n,)) for n in (1, 2)]
    [t.start() for t in threads]
    [t.join(10) for t in threads]
    assert sorted(taken) == ([False, True] if guarded else [True, True])
    assert live_money.buckets()[0] == (6000 if guarded else 12_000)


def test_accounts_open_set_wise_and_a_person_opens_at_nothing(money: Money) -> None:
    one, two, three = (make_customer(f"C{n}", f"Customer {n}", money.world.post) for n in (1, 2, 3))
    rows = [AccountRow(one.pk, "EUR", Decimal(700), members=(one.pk, two.pk)), AccountRow(three.pk, "EUR")]
    with pytest.raises(Forbidden) as refused:
        open_accounts(rows, by=money.world.finance)
    assert refused.value.code == "two_persons"
    assert CreditAccount.objects.count() == 1
    first, second = open_accounts(rows, by=money.world.system)
    assert CreditAccount.objects.get(pk=first).limit == 700
    assert one.credit_membership.account_id == two.credit_membership.account_id == first
    assert three.credit_membership.account_id == second
    with pytest.raises(Conflict) as again:
        open_accounts([AccountRow(two.pk, "EUR")], by=money.world.finance)
    assert again.value.code == "has_account"
    assert Event.objects.filter(name="credit.opened").count() == 2


def test_finance_lowers_a_limit_alone_and_sales_do_not(money: Money) -> None:
    with pytest.raises(Forbidden):
        lower_limit(money.account.pk, Decimal(10), "risk", by=money.world.sales)
    account = lower_limit(money.account.pk, Decimal("8000.00"), "late payer", by=money.world.finance)
    assert (account.limit, account.blocked) == (Decimal("8000.00"), False)
    assert money.account.limit == Decimal("8000.00")


def test_a_limit_cut_below_what_is_owed_blocks_at_once(money: Money) -> None:
    money.reserve("5000.00")
    lower_limit(money.account.pk, Decimal("4999.99"), "insolvency rumours", by=money.world.finance)
    assert (money.account.blocked, money.account.blocked_reason) == (True, "limit_cut")
    assert not money.reserve("0.01", order=2)


@pytest.mark.parametrize(("limit", "code"), [("10000.00", "not_lower"), ("10000.01", "not_lower"), ("-1", "bad_limit"),
                                             ("1.005", "bad_limit"), ("NaN", "bad_limit"), ("1e14", "bad_limit")])
def test_one_person_never_raises_and_no_odd_limit_is_set(money: Money, limit: str, code: str) -> None:
    with pytest.raises((Conflict, Invalid)) as refused:
        lower_limit(money.account.pk, Decimal(limit), "because", by=money.world.finance)
    assert refused.value.code == code
    assert money.account.limit == 10_000


def test_a_raise_takes_two_persons(money: Money) -> None:
    second = create_user("finance2", by=money.world.system, roles=["finance"])
    proposed = propose_terms(money.account.pk, Decimal(20_000), date(2030, 1, 1), "grows", by=money.world.finance)
    assert money.account.limit == 10_000
    with pytest.raises(Forbidden) as own:
        confirm_terms(proposed, by=money.world.finance)
    assert own.value.code == "own_proposal"
    with pytest.raises(Forbidden):
        confirm_terms(proposed, by=money.world.manager)
    with pytest.raises(Forbidden):
        confirm_terms(proposed, by=money.world.system)
    assert money.account.limit == 10_000
    confirm_terms(proposed, by=second)
    assert (money.account.limit, money.account.limit_expires) == (20_000, date(2030, 1, 1))
    with pytest.raises(Conflict) as twice:
        confirm_terms(proposed, by=second)
    assert twice.value.code == "confirmed_before"
    assert violated() == []


def test_terms_that_changed_since_the_proposal_are_not_confirmed(money: Money) -> None:
    proposed = propose_terms(money.account.pk, Decimal(20_000), None, "grows", by=money.world.sales)
    assert [p.id for p in open_proposals(money.account)] == [proposed]
    lower_limit(money.account.pk, Decimal(100), "late payer", by=money.world.finance)
    with pytest.raises(Stale):
        confirm_terms(proposed, by=money.world.finance)
    assert money.account.limit == 100
    assert open_proposals(money.account) == []


def test_share_and_overdue_terms_take_two_persons_too(money: Money) -> None:
    limit, rules = Decimal(10_000), {"limit_share": Decimal("0.8"), "max_days_overdue": 60, "max_amount_overdue": Decimal(500)}
    for name, value in (("limit_share", Decimal("1.1")), ("max_days_overdue", -1), ("max_days_overdue", None), ("max_amount_overdue", Decimal(-1))):
        with pytest.raises(Invalid, match="From 0 to"):
            propose_terms(money.account.pk, limit, None, "x", by=money.world.sales, rules={name: value})
    proposed = propose_terms(money.account.pk, limit, None, "x", by=money.world.finance, rules=rules)
    assert money.account.limit_share == 1
    with pytest.raises(Forbidden):
        confirm_terms(proposed, by=money.world.finance)
    other = propose_terms(money.account.pk, limit, None, "x", by=money.world.sales, rules={"max_days_overdue": 90})
    confirm_terms(other, by=money.world.finance)
    with pytest.raises(Stale):  # the days are not what they were
        confirm_terms(proposed, by=create_user("second", by=money.world.system, roles=["finance"], email="second@example.com"))
    again = propose_terms(money.account.pk, limit, None, "x", by=money.world.sales, rules=rules)
    assert [p.id for p in open_proposals(money.account)] == [again]
    account = confirm_terms(again, by=money.world.finance)
    account.refresh_from_db()
    assert (account.limit_share, account.max_days_overdue, account.max_amount_overdue) == (Decimal("0.8"), 60, 500)
    last = propose_terms(money.account.pk, limit, None, "x", by=money.world.sales, rules={"max_amount_overdue": None})
    assert confirm_terms(last, by=money.world.finance).max_amount_overdue is None


def test_unblocking_takes_two_persons_and_blocking_one(money: Money) -> None:
    block_account(money.account.pk, "cheque bounced", by=money.world.finance)
    with pytest.raises(Conflict) as again:
        block_account(money.account.pk, "twice", by=money.world.finance)
    assert again.value.code == "blocked_before"
    proposed = propose_terms(money.account.pk, Decimal(10_000), None, "paid", unblock=True, by=money.world.manager)
    assert money.account.blocked
    confirm_terms(proposed, by=money.world.finance)
    assert (money.account.blocked, money.account.blocked_reason) == (False, "")


def test_nobody_proposes_for_customers_they_may_not_see(money: Money) -> None:
    stranger = create_user("stranger", by=money.world.system, roles=["sales"])
    with pytest.raises(NotFound):
        propose_terms(money.account.pk, Decimal(20_000), None, "grows", by=stranger)
    with pytest.raises(NotFound):
        confirm_terms(0, by=money.world.finance)


def test_every_change_of_terms_needs_a_reason(money: Money) -> None:
    account, finance = money.account.pk, money.world.finance
    for change in (
        lambda: lower_limit(account, Decimal(1), " ", by=finance),
        lambda: block_account(account, "", by=finance),
        lambda: propose_terms(account, Decimal(99_999), None, "", by=finance),
    ):
        with pytest.raises(Invalid) as refused:
            change()
        assert refused.value.code == "reason_missing"
    assert (money.account.limit, money.account.blocked) == (10_000, False)


def test_a_refusal_says_its_amounts_in_the_currencys_units(money: Money) -> None:
    spoken = said(Refusal("credit_limit", over=Decimal("2733.0000000")), view_of(money.account), "EUR")
    assert spoken.message == "2,733.00 EUR above the credit limit of 10,000.00."
