"""Certain matches post by rule, once, and only for customers who are set so; payer accounts are learned."""

from __future__ import annotations

from decimal import Decimal

from oms.events.models import Event
from payments.bank.selectors import open_lines, propose, senders
from payments.bank.services import apply_line, post_certain, reverse_payment
from payments.models import BankLine, BillingTerms, Invoice, PayerAccount, Payment
from tests.payments.conftest import Money, violated


def ready(money: Money) -> list[BankLine]:
    return list(open_lines())


def test_nothing_posts_unless_finance_set_it_for_the_customer(money: Money) -> None:
    invoice = money.invoice("100.00")
    money.line("120.00", f"pays {invoice.number}")
    assert propose(ready(money)).popitem()[1][0].certain
    assert post_certain(ready(money), by=money.world.system).posted == 0
    BillingTerms.objects.create(customer=money.world.customer, match_from=96)
    assert post_certain(ready(money), by=money.world.system).posted == 0
    BillingTerms.objects.update(match_from=90)
    result = post_certain(ready(money), by=money.world.system)
    assert (result.posted, result.left, result.lost) == (1, 0, 0)
    payment = Payment.objects.get()
    assert (payment.amount, payment.applied, Invoice.objects.get().applied) == (Decimal("120.00"),) * 3
    assert Event.objects.get(name="payment.applied").actor_id == money.world.system.pk
    assert violated() == []


def test_equal_answers_wait_for_a_person_and_the_rule_twice_has_one_effect(money: Money) -> None:
    BillingTerms.objects.create(customer=money.world.customer, match_from=90)
    money.invoice("100.00")
    money.invoice("100.00")
    money.line("120.00", counterparty="Acme Tools")
    assert post_certain(ready(money), by=money.world.system).posted == 0
    assert not Payment.objects.exists()
    named = money.invoice("50.00")
    money.line("60.00", named.number)
    stale = ready(money)
    assert post_certain(stale, by=money.world.system).posted == 1
    again = post_certain(stale, by=money.world.system)
    assert (again.posted, Payment.objects.count(), money.buckets()[2]) == (0, 1, Decimal(0))


def test_what_is_taken_narrows_what_is_left(money: Money) -> None:
    """120 fits two invoices until the other line, which names one of them, is posted."""
    BillingTerms.objects.create(customer=money.world.customer, match_from=90)
    one, two = money.invoice("100.00"), money.invoice("100.00")
    unclear = money.line("120.00", counterparty="Acme Tools")
    money.line("120.00", two.number)
    result = post_certain(ready(money), by=money.world.system)
    assert (result.posted, result.left) == (2, 0)
    assert Payment.objects.get(bank_line=unclear).applications.get().invoice_id == one.pk


def test_a_payers_account_is_learned_and_forgotten_with_the_payment(money: Money) -> None:
    invoice, finance = money.invoice("100.00"), money.world.finance
    line = money.line("120.00", counterparty_account="fr 76 3000")
    payment = apply_line(line, money.world.customer.pk, {invoice.pk: Decimal("120.00")}, by=finance)
    assert PayerAccount.objects.values_list("account", "customer_id", "uses").get() == ("FR763000", money.world.customer.pk, 1)
    other = money.invoice("33.33")
    next_line = BankLine.objects.get(pk=money.line("40.00", counterparty_account="FR763000"))
    p = propose([next_line])[next_line.pk][0]
    assert (p.allocations, p.score, p.certain) == (((other.pk, Decimal("40.000")),), 95, True)
    reverse_payment(payment.pk, "not theirs", by=finance)
    assert (PayerAccount.objects.get().uses, senders(["FR763000"])) == (0, {})
