"""Credit notes at original rates, deductions, refunds, fees, disputes: by exact amounts, and what is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from oms.access.services import create_user
from oms.changes.services import confirm
from oms.events.services import command
from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from payments.bank.services import apply_line, propose_payment_refund, reverse_payment
from payments.billing.domain import CreditPart, LinePart, credit_lines, spread_gross
from payments.billing.locks import lock_invoices
from payments.billing.selectors import ageing, balance, items_on
from payments.billing.services import (
    Crediting,
    apply_credit,
    charge_fee,
    dispute_invoice,
    issue_credit,
    propose_credit,
    propose_refund,
    propose_write_off,
    settle_dispute,
)
from payments.models import BillingTerms, CreditNote, Dispute, Invoice, Payment, ReceivableEntry, Refund
from tests.payments.conftest import TODAY, Money, days, violated

D = Decimal
ZERO = D(0)


def fresh(x: Any) -> Any:
    return type(x).objects.get(pk=x.pk)


def second(money: Money) -> Any:
    return create_user("second", by=money.world.system, password="a-Test-password-9", roles=["finance"])


def part(line_id: int, quantity: int, price: str, net: str, rate: str = "0.2", category: str = "standard") -> LinePart:
    return LinePart(line_id, quantity, D(price), 1, ZERO, D(net), category, D(rate))


def test_the_last_units_of_a_line_and_group_take_what_is_left_to_the_cent() -> None:
    """3 at 0.335: net 1.01 (half up), tax 0.20; one at a time the credits sum to exactly that."""
    lines, before, made = [part(1, 3, "0.335", "1.01")], [], []
    for _n in range(3):
        made = credit_lines(lines, before, {1: 1}, 2)
        before += made
    assert [(p.net, p.tax) for p in before] == [(D("0.34"), D("0.07")), (D("0.34"), D("0.07")), (D("0.33"), D("0.06"))]
    with pytest.raises(Invalid):
        credit_lines(lines, before, {1: 1}, 2)


def test_a_gross_amount_is_spread_over_the_groups_and_never_above_what_is_left() -> None:
    lines = [part(1, 1, "100", "100.00"), part(2, 1, "50", "50.00", "0.05", "reduced")]  # gross 120 + 52.50
    parts = spread_gross(lines, [], D("69.00"), 2)  # 40 %
    assert [(p.category, p.net, p.tax) for p in parts] == [("standard", D("40.00"), D("8.00")), ("reduced", D("20.00"), D("1.00"))]
    rest = spread_gross(lines, parts, D("103.50"), 2)
    assert [(p.net, p.tax) for p in rest] == [(D("60.00"), D("12.00")), (D("30.00"), D("1.50"))]
    assert spread_gross(lines, [*parts, *rest], D("1.00"), 2) == []
    assert isinstance(parts[0], CreditPart)


def test_finance_proposes_a_manager_confirms_and_the_rest_stands_on_the_account(money: Money) -> None:
    invoice, w = money.invoice("100.00"), money.world
    apply_line(money.line("100.00"), w.customer.pk, {invoice.pk: D("100.00")}, by=w.finance)
    change = propose_credit(invoice.pk, "damaged", amount=D("60.00"), by=w.finance)
    assert (CreditNote.objects.count(), money.buckets()) == (0, (ZERO, D("20.00"), ZERO, ZERO))
    for person in (w.finance, w.sales, w.approver):
        with pytest.raises(Forbidden):
            confirm(change.pk, by=person)
    confirm(change.pk, by=w.manager)
    note = CreditNote.objects.get()
    assert (note.number, note.net, note.tax, note.total, note.applied, note.left) == ("CN1", D("50.00"), D("10.00"), D("60.00"), D("20.00"), D("40.00"))
    assert (fresh(invoice).credited, fresh(invoice).noted, fresh(invoice).open_amount) == (D("20.00"), D("60.00"), ZERO)
    assert money.buckets() == (ZERO, ZERO, ZERO, D("40.00"))
    assert ReceivableEntry.objects.get(kind="credit").amount == D("-60.00")
    assert balance(money.account.pk, TODAY) == D("-40.00")
    other = money.invoice("20.00")
    with pytest.raises(Conflict) as above:
        apply_credit(note.pk, {other.pk: D("24.01")}, by=w.finance)
    assert above.value.code == "above_open"
    apply_credit(note.pk, {other.pk: D("24.00")}, by=w.finance)
    assert (fresh(note).left, fresh(other).open_amount, money.buckets()) == (D("16.00"), ZERO, (ZERO, ZERO, ZERO, D("16.00")))
    assert violated() == []


def test_no_more_than_the_invoice_is_credited_and_a_stale_proposal_falls(money: Money) -> None:
    invoice, w = money.invoice("100.00"), money.world
    with pytest.raises(Conflict) as above:
        propose_credit(invoice.pk, "x", amount=D("120.01"), by=w.finance)
    assert above.value.code == "above_invoice"
    with pytest.raises(Invalid):
        propose_credit(invoice.pk, "x", by=w.finance)
    change = propose_credit(invoice.pk, "x", amount=D("100.00"), by=w.finance)
    with command("test.credit", by=w.system):
        issue_credit(lock_invoices([invoice.pk])[invoice.pk], Crediting("credit", "other", quantities={invoice.lines.get().pk: 1}))
    with pytest.raises(Stale):
        confirm(change.pk, by=w.manager)
    assert (CreditNote.objects.count(), fresh(invoice).noted, violated()) == (1, D("120.00"), [])


def test_a_small_write_off_takes_two_of_finance_a_large_one_a_manager(money: Money) -> None:
    small, large, w, other = money.invoice("100.00"), money.invoice("500.00"), money.world, second(money)
    change = propose_write_off(small.pk, D("20.00"), "fee of the bank", by=w.finance)
    confirm(change.pk, by=other)
    big = propose_write_off(large.pk, D("600.00"), "insolvent", by=w.finance)
    with pytest.raises(Forbidden) as limit:
        confirm(big.pk, by=other)
    assert limit.value.code == "above_limit" and fresh(large).open_amount == D("600.00")
    confirm(big.pk, by=w.manager)
    assert list(CreditNote.objects.order_by("pk").values_list("number", "kind", "total")) == [
        ("DD1", "write_off", D("20.00")), ("DD2", "write_off", D("600.00"))]
    assert (fresh(small).open_amount, fresh(large).open_amount, money.buckets()) == (D("100.00"), ZERO, (ZERO, D("100.00"), ZERO, ZERO))
    assert violated() == []


def test_cash_discount_is_kept_by_value_date_to_the_cent_and_falls_with_its_payment(money: Money) -> None:
    w = money.world
    BillingTerms.objects.create(customer=w.customer, discount_share=D("0.02"), discount_days=10)
    invoice = money.invoice("100.00", day=TODAY - days(12))
    assert (invoice.discount_amount, invoice.discount_until) == (D("2.40"), TODAY - days(2))
    late = money.line("117.60", value_date=TODAY - days(1))
    with pytest.raises(Conflict) as refused:
        apply_line(late, w.customer.pk, {invoice.pk: D("117.60")}, discounts={invoice.pk: D("2.40")}, by=w.finance)
    assert refused.value.code == "discount_late"
    in_time = money.line("117.60", value_date=TODAY - days(2))
    with pytest.raises(Conflict) as rest:
        apply_line(in_time, w.customer.pk, {invoice.pk: D("117.60")}, discounts={invoice.pk: D("2.00")}, by=w.finance)
    assert (rest.value.code, Payment.objects.count(), CreditNote.objects.count()) == ("discount_rest", 0, 0)
    payment = apply_line(in_time, w.customer.pk, {invoice.pk: D("117.60")}, discounts={invoice.pk: D("2.40")}, by=w.finance)
    note = CreditNote.objects.get()
    assert (note.kind, note.net, note.tax, fresh(invoice).open_amount, money.buckets()) == (
        "cash_discount", D("2.00"), D("0.40"), ZERO, (ZERO, ZERO, ZERO, ZERO))
    assert violated() == []
    reverse_payment(payment.pk, "not theirs", by=w.finance)
    assert (fresh(invoice).open_amount, fresh(invoice).noted, fresh(note).undone) == (D("120.00"), ZERO, True)
    assert money.buckets() == (ZERO, D("120.00"), ZERO, ZERO)
    assert balance(money.account.pk, TODAY) == D("120.00")
    assert violated() == []


def test_refunds_of_a_credit_note_and_of_a_payment_take_a_manager(money: Money) -> None:
    w, invoice = money.world, money.invoice("100.00")
    payment = apply_line(money.line("150.00"), w.customer.pk, {invoice.pk: D("120.00")}, by=w.finance)
    confirm(propose_credit(invoice.pk, "returned", amount=D("12.00"), by=w.finance).pk, by=w.manager)
    note = CreditNote.objects.get()
    with pytest.raises(Conflict):
        propose_refund(note.pk, D("12.01"), "x", by=w.finance)
    confirm(propose_refund(note.pk, D("12.00"), "customer asked", by=w.finance).pk, by=w.manager)
    with pytest.raises(Conflict):
        propose_payment_refund(payment.pk, D("30.01"), "x", by=w.finance)
    confirm(propose_payment_refund(payment.pk, D("30.00"), "overpaid", by=w.finance).pk, by=w.manager)
    assert list(Refund.objects.order_by("pk").values_list("number", "amount")) == [("RF1", D("12.00")), ("RF2", D("30.00"))]
    assert (money.buckets(), balance(money.account.pk, TODAY)) == ((ZERO, ZERO, ZERO, ZERO), ZERO)
    with pytest.raises(Conflict) as gone:
        reverse_payment(payment.pk, "x", by=w.finance)
    assert gone.value.code == "refunded"
    assert violated() == []


def test_a_fee_is_an_invoice_without_tax_and_a_dispute_is_settled_once(money: Money) -> None:
    w = money.world
    fee = Invoice.objects.get(pk=charge_fee(w.customer.pk, D("15.00"), "Returned cheque", by=w.finance))
    assert (fee.kind, fee.net, fee.tax, fee.due_date, money.buckets()[1]) == ("fee", D("15.00"), ZERO, TODAY, D("15.00"))
    dispute_invoice(fee.pk, "we never bounced", by=w.sales)
    with pytest.raises(Conflict):
        dispute_invoice(fee.pk, "again", by=w.sales)
    with pytest.raises(Forbidden):
        settle_dispute(fee.pk, "ok", by=w.sales)
    settle_dispute(fee.pk, "customer agreed", by=w.finance)
    assert Dispute.objects.get().outcome == "customer agreed" and violated() == []


def test_what_was_open_on_a_past_day_counts_credit_notes_by_their_day(money: Money) -> None:
    w, invoice = money.world, money.invoice("100.00", day=TODAY - days(20))
    with command("test.credit", by=w.system):
        issue_credit(lock_invoices([invoice.pk])[invoice.pk], Crediting("credit", "x", amount=D("60.00"), on=TODAY - days(5)))
    apply_line(money.line("100.00", value_date=TODAY - days(3)), w.customer.pk, {invoice.pk: D("60.00")}, by=w.finance)
    for day, wanted in ((TODAY - days(6), "120.00"), (TODAY - days(5), "60.00"), (TODAY - days(3), "-40.00"), (TODAY, "-40.00")):
        owed = balance(money.account.pk, day)
        assert (owed, sum((x.rest for x in items_on(money.account.pk, day)), ZERO)) == (D(wanted), D(wanted))
        assert sum((a.balance for a in ageing(w.finance, day, TODAY)), ZERO) == D(wanted)
