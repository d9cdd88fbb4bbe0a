"""The page of one line reads only the accounts that the line may mean, and says what a look at all open items says."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest

import payments.bank.selectors.proposing as proposing
from payments.bank.domain import match
from payments.bank.services import apply_line
from payments.models import BankLine, Invoice
from tests.payments.conftest import Money

D = Decimal
NAMES = ("Müller Maschinenbau", "Quincaillerie du Rhône", "Eisen Krause", "Werft Nord")


def over_all(line: BankLine) -> object:
    known = proposing.senders([line.counterparty_account])
    return match([proposing.view_of(line)], proposing.open_items(line.currency_id), known, {})


@pytest.mark.parametrize("seed", range(3))
def test_one_line_alone_is_answered_as_among_all(money: Money, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    r, finance = random.Random(seed), money.world.finance
    people = [money.other(f"N{n}", name) for n, name in enumerate(NAMES)]
    invoices: list[Invoice] = []
    for _ in range(30):
        customer, account = r.choice(people)
        invoices.append(money.invoice(f"{r.randint(1, 40)}.50", customer=customer, account=account, customer_po=f"PO {r.randint(100, 999)}-{r.randint(1, 9)}"))
    apply_line(money.line("1.00", "learned", counterparty_account="DE44"), people[0][0].pk, {}, by=finance)
    alone = 0
    for n in range(25):
        one, two = r.sample(invoices, 2)
        amount = r.choice([one.total, one.total + two.total, D(f"{r.randint(1, 90)}.17")])
        text = r.choice([one.number, one.number.lower().replace("-", " "), one.order_number, one.order_number.lstrip("SO0"), f"{one.customer_po}", one.customer.name.upper(), "thanks"])
        pk = money.line(str(amount), f"{n} {text}", counterparty=r.choice(["", one.customer.name, "MUELLER MASCHINENBAU"]), counterparty_account=r.choice(["", "DE44"]))
        line = BankLine.objects.get(pk=pk)
        assert proposing.propose([line]) == over_all(line), text
        with monkeypatch.context() as m:
            m.setattr(proposing, "SUMS_OF_STRANGERS", 0)  # what is known without any account's sums is not lost by leaving them out
            found = proposing.propose([line])
        alone += found == over_all(line)
    assert alone > 15


def test_the_accounts_read_are_few(money: Money) -> None:
    (first, account), (second, other) = money.other("N1", NAMES[0]), money.other("N2", NAMES[1])
    mine, theirs = money.invoice("10.00", customer=first, account=account), money.invoice("20.00", customer=second, account=other)
    line = BankLine.objects.get(pk=money.line("12.00", mine.number))
    assert proposing.near("EUR", [proposing.view_of(line)], []) == {account.pk}
    by_amount = BankLine.objects.get(pk=money.line(str(theirs.total), "thanks"))
    assert proposing.near("EUR", [proposing.view_of(by_amount)], [first.pk]) == {account.pk, other.pk}
