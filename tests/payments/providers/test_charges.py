"""Charges: asked of a provider outside of any transaction, captured, seen at the bank, taken back; nothing is paid before the bank says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oms.changes.services import confirm
from oms.events.consumers import News
from oms.events.models import Event
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from payments.bank.services import apply_line, pay_out, propose_payment_refund, reverse_payment
from payments.models import BankLine, GivenBack, Invoice, Payment, ProviderCharge, Refund
from payments.providers.adapters import PROVIDERS, NoAnswer, Said, Simulated
from payments.providers.problems import BACK
from payments.providers.receivers import untie
from payments.providers.selectors import left_of, refunds_through, to_carry_out, to_give_back
from payments.providers.services import (
    ask_charge,
    bank_charge,
    capture_charge,
    carry_back,
    carry_out,
    charge_returned,
    give_back,
    settle,
    untie_charge,
    void_charge,
)
from tests.payments.conftest import Money, violated

D = Decimal


def asked(money: Money, token: str = "card-77", kind: str = "card", net: str = "100.00") -> tuple[Invoice, ProviderCharge]:
    invoice = money.invoice(net)
    return invoice, ask_charge(invoice.pk, kind, token, invoice.total, by=money.world.finance)


def state(charge: ProviderCharge) -> str:
    charge.refresh_from_db()
    return str(charge.state)


def test_a_card_is_authorised_captured_and_paid_once_the_bank_shows_it(money: Money) -> None:
    invoice, charge = asked(money)
    finance, system = money.world.finance, money.world.system
    assert to_carry_out(timezone.now()) == [charge.pk]
    assert carry_out(charge.pk, by=system) == "authorised" and carry_out(charge.pk, by=system) == "authorised"
    with pytest.raises(Conflict, match="under way"):
        ask_charge(invoice.pk, "card", "card-78", D("10.00"), by=finance)
    with pytest.raises(Conflict):
        bank_charge(charge.pk, money.line("120.00"), by=finance)
    capture_charge(charge.pk, by=finance)
    assert carry_out(charge.pk, by=system) == "captured"
    invoice.refresh_from_db()
    assert invoice.open_amount == D("120.00") and not Payment.objects.exists()  # with the provider: not paid
    payout = money.line("200.00", "payout of the provider")
    payment = bank_charge(charge.pk, payout, by=finance)
    invoice.refresh_from_db()
    assert (payment.amount, invoice.state, state(charge)) == (D("120.00"), "settled", "paid")
    assert BankLine.objects.get(pk=payout).unmatched == D("80.00")  # the payout's other charges
    with pytest.raises(Conflict):
        bank_charge(charge.pk, payout, by=finance)
    assert violated() == []


def test_a_debit_is_collected_at_once_and_opens_its_invoice_again_when_it_is_returned(money: Money) -> None:
    invoice, charge = asked(money, "mandate-5", "debit")
    finance = money.world.finance
    assert carry_out(charge.pk, by=money.world.system) == "captured"
    bank_charge(charge.pk, money.line("120.00"), by=finance)
    with pytest.raises(Invalid):
        charge_returned(charge.pk, " ", by=finance)
    charge_returned(charge.pk, "no funds", by=finance)
    invoice.refresh_from_db()
    assert (invoice.open_amount, state(charge), charge.reason) == (D("120.00"), "returned", "no funds") and violated() == []
    assert ask_charge(invoice.pk, "debit", "mandate-6", D("120.00"), by=finance).pk != charge.pk


def test_what_is_declined_or_given_up_takes_nothing_and_can_be_asked_anew(money: Money) -> None:
    invoice, charge = asked(money, "declined-1")
    finance, system = money.world.finance, money.world.system
    assert carry_out(charge.pk, by=system) == "declined" and state(charge) == "declined" and charge.reason == "insufficient funds"
    second = ask_charge(invoice.pk, "card", "card-2", D("50.00"), by=finance)
    carry_out(second.pk, by=system)
    void_charge(second.pk, by=finance)
    assert carry_out(second.pk, by=system) == "voided"
    third = ask_charge(invoice.pk, "card", "late-3", D("50.00"), by=finance)
    carry_out(third.pk, by=system)
    capture_charge(third.pk, by=finance)
    assert carry_out(third.pk, by=system) == "declined"
    with pytest.raises(Conflict):
        capture_charge(second.pk, by=finance)


def test_who_does_not_answer_is_asked_again_later_under_the_same_key(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    _invoice, charge = asked(money, "silent-1")
    system, keys = money.world.system, list[str]()
    for n in range(1, 4):
        assert carry_out(charge.pk, by=system) == "asked" and state(charge) == "asked"
        assert (charge.attempts, charge.reason) == (n, "timeout")
    assert to_carry_out(timezone.now()) == [] and to_carry_out(timezone.now() + timedelta(minutes=16)) == [charge.pk]

    class Watched(Simulated):
        def authorise(self, key: str, kind: str, token: str, amount: Decimal, currency: str) -> Said:
            keys.append(key)
            if len(keys) == 1:
                raise NoAnswer("cut")
            return Said("ref-1")

    monkeypatch.setitem(PROVIDERS, "simulated", Watched())
    carry_out(charge.pk, by=system)
    assert carry_out(charge.pk, by=system) == "authorised" and len(set(keys)) == 1


def test_an_answer_that_comes_late_changes_nothing(money: Money) -> None:
    _invoice, charge = asked(money)
    system = money.world.system
    carry_out(charge.pk, by=system)
    assert settle(charge.pk, "asked", Said(refused="late"), by=system) == "authorised" == state(charge)


@pytest.mark.parametrize(("change", "error"), [
    (lambda i, by: ask_charge(i.pk, "cash", "t", D("1.00"), by=by), Invalid), (lambda i, by: ask_charge(i.pk, "card", " ", D("1.00"), by=by), Invalid),
    (lambda i, by: ask_charge(i.pk, "card", "t", D("0.001"), by=by), Invalid), (lambda i, by: ask_charge(i.pk, "card", "t", D("121.00"), by=by), Conflict),
])  # fmt: skip
def test_what_cannot_be_charged_is_refused(money: Money, change: Callable[[Invoice, Any], Any], error: type[Exception]) -> None:
    invoice = money.invoice("100.00")
    with pytest.raises(error):
        change(invoice, money.world.finance)
    with pytest.raises(Forbidden):
        ask_charge(invoice.pk, "card", "t", D("1.00"), by=money.world.sales)
    assert not ProviderCharge.objects.exists()


def test_the_database_keeps_what_was_asked_and_one_under_way(money: Money) -> None:
    invoice, charge = asked(money)
    with pytest.raises(Exception, match="is a document"), transaction.atomic():
        ProviderCharge.objects.filter(pk=charge.pk).update(amount=D("1.00"))
    row = {f.attname: getattr(charge, f.attname) for f in ProviderCharge._meta.concrete_fields}
    with pytest.raises(IntegrityError, match="charge_one_under_way"), transaction.atomic():
        ProviderCharge.objects.create(**{**row, "id": 10**9, "number": "CH-X"})
    assert ProviderCharge.objects.filter(invoice=invoice).count() == 1


def test_the_pages_charge_capture_and_pay(money: Money) -> None:
    invoice = money.invoice("100.00")
    client = Client()
    client.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    assert reverse("payments:invoice-charge", args=[invoice.number]) in client.get(reverse("payments:invoice-detail", args=[invoice.number])).content.decode()
    assert "120.00" in client.get(reverse("payments:invoice-charge", args=[invoice.number])).content.decode()
    client.post(reverse("payments:invoice-charge", args=[invoice.number]), {"kind": "card", "token": "card-1", "amount": "120.00"})
    charge = ProviderCharge.objects.get()
    carry_out(charge.pk, by=money.world.system)
    page = reverse("payments:charge-detail", args=[charge.number])
    assert "Capture" in client.get(page).content.decode()
    client.post(reverse("payments:charge-capture", args=[charge.number]))
    carry_out(charge.pk, by=money.world.system)
    line = money.line("120.00")
    assert "It is paid" in client.get(page).content.decode()
    client.post(reverse("payments:charge-bank", args=[charge.number]), {"line": str(line)})
    assert state(charge) == "paid" and charge.number in client.get(reverse("payments:charge-list")).content.decode()
    client.post(reverse("payments:charge-returned", args=[charge.number]), {"reason": "contested"})
    assert state(charge) == "returned"


def test_a_payment_that_was_reversed_leaves_its_charge_with_the_provider_again(money: Money) -> None:
    _invoice, charge = asked(money, "mandate-5", "debit")
    finance = money.world.finance
    carry_out(charge.pk, by=money.world.system)
    payment = bank_charge(charge.pk, money.line("120.00", "the wrong line"), by=finance)
    reverse_payment(payment.pk, "wrong line", by=finance)
    event = Event.objects.get(name="payment.reversed")
    untie(News(event.pk, event.name, event.at, event.data, tuple((s.kind, s.object_id) for s in event.subjects.all())))
    assert state(charge) == "captured" and charge.payment_id is None
    untie_charge(payment.pk, by=money.world.system)  # told twice
    bank_charge(charge.pk, money.line("120.00", "the right line"), by=finance)
    assert state(charge) == "paid" and violated() == []


# Given back


def paid_with_refund(money: Money, token: str = "card-77", amount: str = "30.00") -> tuple[ProviderCharge, str]:
    """A paid charge of 120.00, and a decided refund of what another payment of the customer left on account."""
    _invoice, charge = asked(money, token, "debit")
    carry_out(charge.pk, by=money.world.system)
    bank_charge(charge.pk, money.line("120.00"), by=money.world.finance)
    charge.refresh_from_db()
    over = apply_line(money.line(amount, "too much"), money.world.customer.pk, {}, by=money.world.finance)
    change = propose_payment_refund(over.pk, D(amount), "paid twice", by=money.world.finance)
    confirm(change.pk, by=money.world.manager)
    return charge, Refund.objects.get(payment_id=over.pk).number


def test_a_refund_goes_back_through_the_provider_and_has_left_when_the_bank_shows_it(money: Money) -> None:
    charge, refund = paid_with_refund(money)
    assert [r.number for r in refunds_through(charge)] == [refund]
    made = give_back(charge.pk, refund, by=money.world.finance)
    assert to_give_back(timezone.now()) == [made.pk] and refunds_through(charge) == [] and left_of(charge) == D("90.00")
    assert carry_back(made.pk, by=money.world.system) == "given" and carry_back(made.pk, by=money.world.system) == "given"
    assert Event.objects.filter(name="refund.given_by_provider").count() == 1 and violated() == []
    pay_out(money.line("-30.00", "provider"), [refund], by=money.world.finance)
    assert Refund.objects.get(number=refund).paid_out.get().undone is False


def test_what_goes_back_is_a_refund_of_the_customer_within_the_charge_and_once(money: Money) -> None:
    charge, refund = paid_with_refund(money)
    with pytest.raises(Forbidden):
        give_back(charge.pk, refund, by=money.world.sales)
    with pytest.raises(NotFound):
        give_back(charge.pk, "RF999999", by=money.world.finance)
    big = apply_line(money.line("200.00", "much too much"), money.world.customer.pk, {}, by=money.world.finance)
    confirm(propose_payment_refund(big.pk, D("121.00"), "paid twice", by=money.world.finance).pk, by=money.world.manager)
    with pytest.raises(Conflict) as above:
        give_back(charge.pk, Refund.objects.get(payment_id=big.pk).number, by=money.world.finance)
    give_back(charge.pk, refund, by=money.world.finance)
    with pytest.raises(Conflict) as again:
        give_back(charge.pk, refund, by=money.world.finance)
    assert (above.value.code, again.value.code) == ("above_charge", "given_already")
    row = GivenBack.objects.get()
    row.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)
    _invoice, waits = asked(money, "card-9")
    with pytest.raises(Conflict):
        give_back(waits.pk, refund, by=money.world.finance)


def test_a_provider_that_gives_nothing_back_leaves_the_refund_to_the_bank(money: Money) -> None:
    charge, refund = paid_with_refund(money, "gone-7")
    made = give_back(charge.pk, refund, by=money.world.finance)
    assert carry_back(made.pk, by=money.world.system) == "declined"
    assert [r.number for r in refunds_through(charge)] == [refund]
    with connection.cursor() as cursor:
        cursor.execute(BACK)
        assert len(cursor.fetchall()) == 1
        pay_out(money.line("-30.00", "by transfer"), [refund], by=money.world.finance)
        cursor.execute(BACK)
        assert cursor.fetchall() == []


def test_a_silent_provider_is_asked_again_later(money: Money, monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(Simulated):
        def refund(self, key: str, reference: str, amount: Decimal, currency: str) -> Said:
            raise NoAnswer("timeout")

    charge, refund = paid_with_refund(money)
    made = give_back(charge.pk, refund, by=money.world.finance)
    monkeypatch.setitem(PROVIDERS, "simulated", Silent())
    assert carry_back(made.pk, by=money.world.system) == "asked"
    made.refresh_from_db()
    assert (made.attempts, made.reason) == (1, "timeout") and made.next_at > timezone.now() and to_give_back(timezone.now()) == []


def test_given_back_on_the_page(money: Money) -> None:
    charge, refund = paid_with_refund(money)
    client = Client()
    client.force_login(money.world.finance, backend="django.contrib.auth.backends.ModelBackend")
    page = reverse("payments:charge-detail", args=[charge.number])
    assert refund in client.get(page).content.decode()
    shown = client.post(reverse("payments:charge-give-back", args=[charge.number]), {"refund": refund}, follow=True).content.decode()
    assert "The provider is asked to give it back." in shown and "Asked" in shown
