"""A refund is done when the bank shows it: tied to its line once, counted there, taken off again."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from oms.changes.services import confirm
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from payments.bank.selectors import lines_for, refunds_for
from payments.bank.services import apply_line, pay_out, propose_payment_refund, undo_pay_out
from payments.models import BankLine, PaidOut, Payment, Refund
from tests.payments.conftest import Money, violated

D = Decimal


def refunded(money: Money, *amounts: str) -> list[Refund]:
    """Money on account that goes back, decided by two."""
    for n, amount in enumerate(amounts):
        apply_line(money.line(amount, f"in {n}"), money.world.customer.pk, {}, by=money.world.finance)
        payment = Payment.objects.latest("pk")
        confirm(propose_payment_refund(payment.pk, D(amount), "paid twice", by=money.world.finance).pk, by=money.world.manager)
    return list(Refund.objects.order_by("pk"))


def line(money: Money, amount: str, text: str = "", **more: Any) -> BankLine:
    return BankLine.objects.get(pk=money.line(amount, text, **more))


def test_a_refund_leaves_with_one_line_and_can_be_taken_off_again(money: Money) -> None:
    first, second = refunded(money, "40.00", "60.00")
    finance, out = money.world.finance, line(money, "-100.00", "refunds")
    with pytest.raises(Forbidden):
        pay_out(out.pk, [first.number], by=money.world.sales)
    with pytest.raises(Invalid):
        pay_out(out.pk, [], by=finance)
    with pytest.raises(NotFound):
        pay_out(out.pk, ["RF999"], by=finance)
    pay_out(out.pk, [first.number, second.number], by=finance)
    out.refresh_from_db()
    assert (out.matched, out.state, violated()) == (D("100.00"), "matched", [])
    other = line(money, "-40.00")
    with pytest.raises(Conflict, match="another line"):
        pay_out(other.pk, [first.number], by=finance)
    with pytest.raises(Conflict, match="No money left"):
        pay_out(money.line("40.00", "another"), [first.number], by=finance)
    with pytest.raises(Invalid):
        undo_pay_out(out.pk, first.number, " ", by=finance)
    undo_pay_out(out.pk, first.number, "it was the other one", by=finance)
    out.refresh_from_db()
    assert (out.unmatched, out.state) == (D("40.00"), "out")
    pay_out(other.pk, [first.number], by=finance)
    with pytest.raises(NotFound):
        undo_pay_out(out.pk, first.number, "again", by=finance)
    assert violated() == []


def test_more_than_the_line_holds_does_not_leave_with_it(money: Money) -> None:
    (one,) = refunded(money, "40.00")
    small = line(money, "-39.99")
    assert refunds_for(small) == []
    with pytest.raises(Conflict, match="39.99"):
        pay_out(small.pk, [one.number], by=money.world.finance)


def test_who_is_named_on_the_line_is_shown_first(money: Money) -> None:
    forty, sixty, again = refunded(money, "40.00", "60.00", "40.00")
    assert refunds_for(line(money, "-60.00", f"back {again.number.lower()}")) == [again, sixty, forty]
    assert refunds_for(line(money, "-60.00", "something")) == [sixty, forty, again]
    near, exact = line(money, "-50.00"), line(money, "-40.00")
    assert lines_for(forty)[0] == exact and near in lines_for(forty)


def test_the_pages_tie_it_and_show_where_it_left(money: Money) -> None:
    (one,) = refunded(money, "40.00")
    client, out = Client(), line(money, "-40.00", "refund")
    client.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("payments:bank-line", args=[out.pk])).content.decode()
    assert one.number in page and "checked" in page
    assert "Waits to leave" in client.get(reverse("payments:refund-detail", args=[one.number])).content.decode()
    assert client.post(reverse("payments:bank-pay-out", args=[out.pk]), {"refund": [one.number]}).status_code == 302
    assert "Left the bank" in client.get(reverse("payments:refund-detail", args=[one.number])).content.decode()
    assert client.post(reverse("payments:bank-pay-out-undo", args=[out.pk, one.number]), {"reason": "wrong"}).status_code == 302
    assert not PaidOut.objects.filter(undone=False).exists()


def test_the_database_refuses_a_line_that_is_not_what_its_refunds_say(money: Money) -> None:
    (one,) = refunded(money, "40.00")
    out = line(money, "-40.00")
    with pytest.raises(IntegrityError, match="not the sum of its payments or refunds"), transaction.atomic(), connection.cursor() as cursor:
        BankLine.objects.filter(pk=out.pk).update(matched=D("40.00"))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    with pytest.raises(IntegrityError, match="not of this line"), transaction.atomic(), connection.cursor() as cursor:
        PaidOut.objects.create(refund=one, bank_line=out, amount=D("39.00"), event_id=one.event_id)
        BankLine.objects.filter(pk=out.pk).update(matched=D("39.00"))
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
