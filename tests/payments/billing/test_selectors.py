"""What is owed, by age, on any day: the ledgers agree with the open items."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from oms.access.services import create_user
from payments.bank.services import apply_line, reverse_payment
from payments.billing.selectors import Aged, ageing, balance, unsettled_orders, visible_invoices
from tests.payments.conftest import TODAY, Money, days

ZERO = Decimal(0)


def only(rows: list[Aged]) -> Aged:
    (row,) = rows
    return row


def test_each_open_invoice_stands_in_the_bucket_of_its_age(money: Money) -> None:
    for age in (0, 1, 30, 31, 60, 61, 90, 91):
        money.invoice("10.00", day=TODAY - days(age), terms=0)
    row = only(ageing(money.world.finance, TODAY, TODAY))
    assert (row.not_due, row.to_30, row.to_60, row.to_90, row.older) == tuple(map(Decimal, ("12", "24", "24", "24", "12")))
    assert (row.open, row.overdue, row.balance, row.oldest) == (96, 84, 96, TODAY - days(91))


def test_money_left_over_stands_beside_and_lowers_the_balance(money: Money) -> None:
    invoice = money.invoice("100.00")
    apply_line(money.line("150.00"), money.world.customer.pk, {invoice.pk: Decimal("20.00")}, by=money.world.finance)
    row = only(ageing(money.world.finance, TODAY, TODAY))
    assert (row.open, row.unapplied, row.balance) == (Decimal("100.00"), Decimal("130.00"), Decimal("-30.00"))


def test_on_every_past_day_open_items_less_unapplied_are_the_sum_of_the_entries(money: Money) -> None:
    finance, customer = money.world.finance, money.world.customer.pk
    first = money.invoice("100.00", day=TODAY - days(40), terms=10)
    early = money.line("200.00", value_date=TODAY - days(30))
    second = money.invoice("50.00", day=TODAY - days(20), terms=10)
    payment = apply_line(early, customer, {first.pk: Decimal("120.00"), second.pk: Decimal("30.00")}, by=finance)
    expected = {45: (ZERO, ZERO), 35: (Decimal(120), ZERO), 25: (ZERO, Decimal(80)), 10: (Decimal(30), Decimal(50))}

    def check() -> None:
        for ago, (open_, unapplied) in expected.items():
            on = TODAY - days(ago)
            rows = ageing(finance, on, TODAY)
            assert sum((r.open for r in rows), ZERO) == open_, ago
            assert sum((r.unapplied for r in rows), ZERO) == unapplied, ago
            assert balance(money.account.pk, on) == open_ - unapplied, ago

    check()
    reverse_payment(payment.pk, "another company's", by=finance)
    check()
    assert only(ageing(finance, TODAY, TODAY)).balance == Decimal(180) == balance(money.account.pk, TODAY)


def test_people_see_what_their_customers_owe_and_no_more(money: Money) -> None:
    money.invoice()
    customer, account = money.other()
    theirs = money.invoice("70.00", customer=customer, account=account)
    stranger = create_user("stranger", by=money.world.system, roles=["sales"])
    assert [r.code for r in ageing(money.world.sales, TODAY, TODAY)] == ["ACME", "BETA"]
    assert ageing(stranger, TODAY, TODAY) == []
    assert [i.number for i in visible_invoices(money.world.partner)] == ["INV1"]
    assert list(visible_invoices(stranger)) == list(visible_invoices(money.world.warehouse)) == []
    assert visible_invoices(money.world.finance).get(pk=theirs.pk).left == Decimal("84.00")


def test_an_order_is_unsettled_until_all_of_its_invoices_are(money: Money) -> None:
    one, two = money.invoice("10.00", order_id=77), money.invoice("10.00", order_id=77)
    finance, customer = money.world.finance, money.world.customer.pk
    apply_line(money.line("12.00"), customer, {one.pk: Decimal("12.00")}, by=finance)
    assert unsettled_orders([77, 78]) == {77}
    apply_line(money.line("12.00", "second"), customer, {two.pk: Decimal("12.00")}, by=finance)
    assert unsettled_orders([77]) == set()


def test_a_balance_before_anything_is_nothing(money: Money) -> None:
    assert balance(money.account.pk, date(2000, 1, 1)) == ZERO


def test_money_of_a_day_to_come_does_not_count_today(money: Money) -> None:
    invoice = money.invoice("100.00")
    apply_line(money.line("120.00", value_date=TODAY + days(2)), money.world.customer.pk, {invoice.pk: Decimal("120.00")}, by=money.world.finance)
    invoice.refresh_from_db()
    row = only(ageing(money.world.finance, TODAY, TODAY))
    assert invoice.open_amount == 0 and (row.open, row.balance) == (Decimal("120.00"), balance(money.account.pk, TODAY))
