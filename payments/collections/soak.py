"""Random money against an independent model: every step through the use cases, every balance compared to the cent.

The model counts in whole cents with plain Python and knows nothing of the database. What is made is rolled back; the
deferred guards are asked after every step all the same.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction
from django.db.models import Sum

from customers.parties.models import Customer
from customers.territory.models import Post, Territory
from oms.access.services import create_user
from oms.accounts.selectors import system_user
from oms.changes.services import confirm
from oms.company.models import TaxRule
from oms.events.services import command
from oms.kernel.rooms import modules
from payments.bank.domain import NewBankLine
from payments.bank.models import BankAccount, Payment
from payments.bank.services import (
    Waiting,
    apply_line,
    apply_rest,
    free_deposit,
    propose_payment_refund,
    record_bank_line,
    reverse_payment,
)
from payments.billing.models import CreditNote, Invoice, ProForma, ReceivableEntry
from payments.billing.services import (
    InvoiceHeader,
    InvoiceLineData,
    apply_credit,
    issue_invoice,
    issue_pro_forma,
    propose_credit,
    propose_refund,
    propose_write_off,
)
from payments.collections.models import CollectionReceipt
from payments.collections.services import bank_receipt, bounce_cheque, clear_cheques
from payments.credit.models import AccountMember, CreditAccount
from payments.credit.services import move

RATES: tuple[tuple[int, str], ...] = ((20, TaxRule.Category.STANDARD), (7, TaxRule.Category.REDUCED), (0, TaxRule.Category.EXEMPT))


def money(cents: int) -> Decimal:
    """Cents as the use cases take them."""
    return Decimal(cents) / 100


@dataclass
class Model:
    """What must be, in cents: invoices {id: [total, open, credited in all]}, payments {id: [amount, rest, {invoice: part}, cheque
    not cleared, {pro forma: [waits, used]}]}, credit notes {id: rest}, pro formas {id: [order, total, paid]}, and Σ of the
    subledger."""

    invoices: dict[int, list[int]] = field(default_factory=dict)
    payments: dict[int, list[Any]] = field(default_factory=dict)
    notes: dict[int, int] = field(default_factory=dict)
    asked: dict[int, list[int]] = field(default_factory=dict)
    owed: int = 0

    def buckets(self) -> tuple[int, ...]:
        """(reserved, receivable, unapplied, credits, deposits)."""
        return (
            sum(p[0] for p in self.payments.values() if p[3]), sum(x[1] for x in self.invoices.values()),
            sum(p[1] for p in self.payments.values()), sum(self.notes.values()),
            sum(waits for p in self.payments.values() for waits, _used in p[4].values()),
        )  # fmt: skip

    def split(self, r: random.Random, amount: int) -> dict[int, int]:
        """Random parts of an amount over open invoices."""
        parts: dict[int, int] = {}
        for i in r.sample([i for i, x in self.invoices.items() if x[1]], min(3, sum(bool(x[1]) for x in self.invoices.values()))):
            if amount > 0 and (part := r.choice([min(amount, self.invoices[i][1]), r.randint(1, min(amount, self.invoices[i][1]))])):
                parts[i] = part
                amount -= part
        return parts

    def settle(self, parts: dict[int, int]) -> None:
        for i, part in parts.items():
            self.invoices[i][1] -= part


class Soak:
    """One customer, one bank account, and steps that are tried at random with a seed."""

    def __init__(self, seed: int) -> None:
        self.r, self.model, self.day = random.Random(seed), Model(), date(2026, 1, 5)
        self.system = system_user()
        tag = f"SOAK{seed}"
        people = [create_user(f"{tag}-{role}", by=self.system, password="a-Soak-password-9", roles=[role]) for role in ("finance", "manager")]
        self.finance, self.manager = people
        territory = Territory.objects.create(code=tag[:20], name=tag)
        post = Post.objects.create(code=tag[:20], name=tag, territory=territory)
        self.customer = Customer.objects.create(code=tag[:20], name=tag, post=post, currency_id="EUR")
        self.account = CreditAccount.objects.create(payer=self.customer, currency_id="EUR", limit=0)
        AccountMember.objects.create(customer=self.customer, account=self.account)
        self.bank = BankAccount.objects.create(name=tag, iban=f"XX00{tag}", currency_id="EUR")
        self.counts: dict[str, int] = {}
        self.serial = 0

    def run(self, steps: int, say: Callable[[str], Any] = lambda text: None) -> dict[str, int]:
        """`steps` steps; raises AssertionError with the step at which model and books differ."""
        kinds = [self.invoice, self.invoice, self.pay, self.pay, self.rest, self.reverse, self.credit, self.use_credit, self.refund_credit,
                 self.refund_payment, self.write_off, self.cheque, self.clear, self.bounce, self.ask, self.ahead, self.ahead, self.free,
                 self.deliver]  # fmt: skip
        for n in range(1, steps + 1):
            step = self.r.choice(kinds)
            self.day += timedelta(days=self.r.randint(0, 1))
            if step():
                self.counts[step.__name__] = self.counts.get(step.__name__, 0) + 1
                self.compare(n, step.__name__)
            if n % 500 == 0:
                self.verify()
                say(f"{n} steps, difference 0.00")
        self.verify()
        return self.counts

    def compare(self, n: int, name: str) -> None:
        """Buckets, every invoice's open amount, every rest, and the subledger, to the cent."""
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        a = CreditAccount.objects.get(pk=self.account.pk)
        owed = ReceivableEntry.objects.filter(account=self.account).aggregate(x=Sum("amount", default=Decimal(0)))["x"]
        is_ = [[int(x * 100) for x in (a.reserved, a.receivable, a.unapplied, a.credits, a.deposits)], int(owed * 100),
               {x.pk: int(x.open_amount * 100) for x in Invoice.objects.filter(account=self.account)},
               {p.pk: int(p.rest * 100) for p in Payment.objects.filter(account=self.account).exclude(clearing__in=Payment.GONE)},
               {c.pk: int(c.left * 100) for c in CreditNote.objects.filter(account=self.account)},
               {f.pk: int(f.paid * 100) for f in ProForma.objects.filter(account=self.account)}]  # fmt: skip
        must: list[Any] = [list(self.model.buckets()), self.model.owed, {i: x[1] for i, x in self.model.invoices.items()},
                {i: p[1] for i, p in self.model.payments.items()}, self.model.notes, {i: f[2] for i, f in self.model.asked.items()}]  # fmt: skip
        assert is_ == must, f"step {n} ({name}): the books say {is_}, the model {must}"
        assert must[1] == must[0][1] - must[0][2] - must[0][3] - must[0][4], f"step {n} ({name}): the model itself does not add up"

    def verify(self) -> None:
        """Every invariant of money, over all there is."""
        for module in modules("invariants"):
            if module.__name__.startswith("payments."):
                for invariant in module.INVARIANTS:
                    with connection.cursor() as cursor:
                        cursor.execute(invariant.sql)
                        assert not (rows := cursor.fetchmany(3)), f"{invariant.code} {invariant.statement}: {rows}"

    # the steps: each does it in the books and in the model, False when there is nothing to do it to

    def basket(self) -> tuple[list[InvoiceLineData], int]:
        """Random lines and what they come to with tax."""
        nets: list[tuple[int, int, str]] = [(self.r.randint(1, 9_999), *self.r.choice(RATES)) for _ in range(self.r.randint(1, 4))]
        lines = [InvoiceLineData(0, "S", "Soak", 1, money(net), 1, Decimal(0), category, Decimal(rate) / 100) for net, rate, category in nets]
        groups: dict[int, int] = {}
        for net, rate, _category in nets:
            groups[rate] = groups.get(rate, 0) + net
        return lines, sum(groups.values()) + sum((2 * net * rate + 100) // 200 for rate, net in groups.items())

    def header(self, order: int = 0) -> InvoiceHeader:
        return InvoiceHeader(self.account.pk, self.customer.pk, "EUR", order, "", "", None, self.day, self.r.choice([0, 14, 30]))

    def invoice(self) -> bool:
        lines, total = self.basket()
        self.serial += 1
        with command("soak.invoice", by=self.system):
            pk = issue_invoice(self.header(), lines, Decimal(0))
        self.model.invoices[pk] = [total, total, 0]
        self.model.owed += total
        return True

    def ask(self) -> bool:
        """A pro forma of an order nobody else knows; nothing is owed by it."""
        lines, total = self.basket()
        self.serial += 1
        order = 10**12 + self.serial
        with command("soak.ask", by=self.system):
            made = issue_pro_forma(self.header(order), lines, Decimal(self.r.choice([1, 30, 100])) / 100) if total >= 100 else None
        if made is None:
            return False
        self.model.asked[made.pk] = [order, total, 0]
        return True

    def ahead(self) -> bool:
        """Money on account waits for an order."""
        room = {i: f[1] - f[2] for i, f in self.model.asked.items() if f[1] > f[2]}
        found = [i for i, p in self.model.payments.items() if p[1] and not p[3]]
        if not room or not found:
            return False
        asked, pk = self.r.choice(list(room)), self.r.choice(found)
        payment = self.model.payments[pk]
        part = self.r.randint(1, min(room[asked], payment[1]))
        apply_rest(pk, {}, by=self.finance, deposits={asked: money(part)})
        payment[1] -= part
        payment[4].setdefault(asked, [0, 0])[0] += part
        self.model.asked[asked][2] += part
        return True

    def free(self) -> bool:
        found = [(pk, asked) for pk, p in self.model.payments.items() for asked, (waits, _used) in p[4].items() if waits]
        if not found or self.r.random() < 0.5:
            return False
        pk, asked = self.r.choice(found)
        free_deposit(pk, asked, "soak", by=self.finance)
        payment = self.model.payments[pk]
        part, payment[4][asked][0] = payment[4][asked][0], 0
        payment[1] += part
        self.model.asked[asked][2] -= part
        return True

    def deliver(self) -> bool:
        """An order that was asked for is invoiced: what waits for it pays first, the oldest money first."""
        found = sorted({asked for p in self.model.payments.values() for asked, (waits, _used) in p[4].items() if waits})
        if not found:
            return False
        asked = self.r.choice(found)
        lines, total = self.basket()
        with command("soak.deliver", by=self.system):
            waiting = Waiting(self.model.asked[asked][0])
            pk = issue_invoice(self.header(self.model.asked[asked][0]), lines, Decimal(0))
            waiting.use(pk, min(waiting.left, money(total)))
        self.model.invoices[pk] = [total, total, 0]
        self.model.owed += total
        for payment in sorted(self.model.payments):
            waits = self.model.payments[payment][4].get(asked, [0, 0])
            part = min(waits[0], self.model.invoices[pk][1])
            if part:
                waits[0] -= part
                waits[1] += part
                self.model.invoices[pk][1] -= part
                parts = self.model.payments[payment][2]
                parts[pk] = parts.get(pk, 0) + part
        return True

    def line(self, cents: int) -> int:
        self.serial += 1
        return record_bank_line(self.bank.pk, NewBankLine(self.day, self.day, money(cents), bank_reference=f"S{self.serial}"), by=self.finance)

    def pay(self) -> bool:
        amount = self.r.randint(1, 20_000)
        parts = self.model.split(self.r, amount)
        payment = apply_line(self.line(amount), self.customer.pk, {i: money(p) for i, p in parts.items()}, by=self.finance)
        self.model.settle(parts)
        self.model.payments[payment.pk] = [amount, amount - sum(parts.values()), parts, False, {}]
        self.model.owed -= amount
        return True

    def some_payment(self, cheque: bool | None = None) -> int | None:
        found = [i for i, p in self.model.payments.items() if cheque is None or p[3] == cheque]
        return self.r.choice(found) if found else None

    def rest(self) -> bool:
        pk = self.some_payment()
        if pk is None or not (parts := self.model.split(self.r, self.model.payments[pk][1])):
            return False
        apply_rest(pk, {i: money(p) for i, p in parts.items()}, by=self.finance)
        self.model.settle(parts)
        payment = self.model.payments[pk]
        payment[1] -= sum(parts.values())
        for i, p in parts.items():
            payment[2][i] = payment[2].get(i, 0) + p
        return True

    def reverse(self) -> bool:
        pk = self.some_payment(cheque=False)
        if pk is None or Payment.objects.get(pk=pk).refunded or CollectionReceipt.objects.filter(payment_id=pk).exists():
            return False
        reverse_payment(pk, "soak", by=self.finance)
        self.gone(pk)
        return True

    def gone(self, pk: int) -> None:
        amount, _rest, parts, _cheque, ahead = self.model.payments.pop(pk)
        for asked, (waits, used) in ahead.items():
            self.model.asked[asked][2] -= waits + used
        for i, part in parts.items():
            self.model.invoices[i][1] += part
        self.model.owed += amount

    def credit(self) -> bool:
        found = [i for i, x in self.model.invoices.items() if x[2] < x[0]]
        if not found:
            return False
        i = self.r.choice(found)
        x = self.model.invoices[i]
        amount = self.r.choice([x[0] - x[2], self.r.randint(1, x[0] - x[2])])
        before = set(self.model.notes)
        confirm(propose_credit(i, "soak", amount=money(amount), by=self.finance).pk, by=self.manager)
        self.credited(i, amount, before)
        return True

    def credited(self, i: int, amount: int, before: set[int]) -> None:
        (note,) = set(CreditNote.objects.filter(account=self.account).values_list("pk", flat=True)) - before
        x = self.model.invoices[i]
        applied = min(amount, x[1])
        x[1] -= applied
        x[2] += amount
        self.model.notes[note] = amount - applied
        self.model.owed -= amount

    def use_credit(self) -> bool:
        found = [i for i, rest in self.model.notes.items() if rest]
        if not found:
            return False
        pk = self.r.choice(found)
        if not (parts := self.model.split(self.r, self.model.notes[pk])):
            return False
        apply_credit(pk, {i: money(p) for i, p in parts.items()}, by=self.finance)
        self.model.settle(parts)
        self.model.notes[pk] -= sum(parts.values())
        return True

    def refund_credit(self) -> bool:
        found = [i for i, rest in self.model.notes.items() if rest]
        if not found:
            return False
        pk = self.r.choice(found)
        amount = self.r.randint(1, self.model.notes[pk])
        confirm(propose_refund(pk, money(amount), "soak", by=self.finance).pk, by=self.manager)
        self.model.notes[pk] -= amount
        self.model.owed += amount
        return True

    def refund_payment(self) -> bool:
        found = [i for i, p in self.model.payments.items() if p[1] and not p[3]]
        if not found or self.r.random() < 0.5:
            return False
        pk = self.r.choice(found)
        amount = self.r.randint(1, self.model.payments[pk][1])
        confirm(propose_payment_refund(pk, money(amount), "soak", by=self.finance).pk, by=self.manager)
        self.model.payments[pk][1] -= amount
        self.model.owed += amount
        return True

    def write_off(self) -> bool:
        found = [i for i, x in self.model.invoices.items() if x[1] and x[2] < x[0]]
        if not found:
            return False
        i = self.r.choice(found)
        amount = self.r.randint(1, min(self.model.invoices[i][1], self.model.invoices[i][0] - self.model.invoices[i][2], 500))
        before = set(self.model.notes)
        confirm(propose_write_off(i, money(amount), "soak", by=self.finance).pk, by=self.manager)
        self.credited(i, amount, before)
        return True

    def cheque(self) -> bool:
        amount = self.r.randint(1, 20_000)
        parts = self.model.split(self.r, amount)
        self.serial += 1
        with command("soak.receipt", by=self.system) as cmd:
            event = cmd.event("receipt.issued", [("customer", self.customer.pk)], {"amount": money(amount)})
            receipt = CollectionReceipt.objects.create(
                number=f"SK{self.serial}", serial=(CollectionReceipt.objects.order_by("-serial").values_list("serial", flat=True).first() or 0) + 1,
                collector=self.finance, customer=self.customer, account=self.account, currency_id="EUR", method="cheque",
                cheque_number=str(self.serial), amount=money(amount), received_date=self.day, event_id=event,
            )  # fmt: skip
        payment = bank_receipt(receipt.pk, self.line(amount), {i: money(p) for i, p in parts.items()}, by=self.finance)
        self.model.settle(parts)
        self.model.payments[payment.pk] = [amount, amount - sum(parts.values()), parts, True, {}]
        self.model.owed -= amount
        return True

    def clear(self) -> bool:
        for pk in clear_cheques(self.day, by=self.system):
            if pk in self.model.payments:
                self.model.payments[pk][3] = False
        return True

    def bounce(self) -> bool:
        ours = CollectionReceipt.objects.filter(account=self.account, state="banked", payment__refunded=0, payment_id__in=list(self.model.payments))
        found = list(ours.values_list("pk", "payment_id").order_by("pk"))
        if not found or self.r.random() < 0.5:
            return False
        receipt, pk = self.r.choice(found)
        bounce_cheque(receipt, "soak", by=self.finance)
        self.gone(pk)
        return True


def soak(steps: int, seed: int, say: Callable[[str], Any] = lambda text: None) -> dict[str, int]:
    """Run it and roll everything back; how often each kind of step happened. Raises AssertionError at the first difference."""
    with transaction.atomic():
        counts = Soak(seed).run(steps, say)
        transaction.set_rollback(True)
    return counts


def red_control(seed: int = 1) -> None:
    """The same with a cent moved behind the books' back: must raise AssertionError."""
    with transaction.atomic():
        run = Soak(seed)
        run.invoice()
        with command("soak.red", by=run.system) as cmd:
            move(run.account.pk, [("receivable", Decimal("0.01"), "invoice", 0)], cmd.event("soak.red", [("customer", run.customer.pk)]))
        try:
            run.compare(1, "red")
        finally:
            transaction.set_rollback(True)
