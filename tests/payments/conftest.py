"""The small company with a bank account, and short ways to an invoice and a bank line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from customers.models import Customer
from oms.events.services import command, current
from oms.kernel.rooms import modules
from payments.bank.domain import NewBankLine
from payments.bank.services import record_bank_line
from payments.billing.services import InvoiceHeader, InvoiceLineData, issue_invoice
from payments.credit.services import reserve
from payments.models import BankAccount, CreditAccount, Invoice
from tests.world import World, make_customer, open_account

TODAY = date.today()
IBAN = "FR7630006000011234567890189"


@dataclass
class Money:
    """The world, its bank account, and what the tests do all the time."""

    world: World
    bank: BankAccount
    orders: int = 0

    @property
    def account(self) -> CreditAccount:
        """Acme's account, fresh."""
        return CreditAccount.objects.get(pk=self.world.account.pk)

    def buckets(self, account: CreditAccount | None = None) -> tuple[Decimal, Decimal, Decimal, Decimal]:
        """(reserved, receivable, unapplied, credits) of Acme's account, or another."""
        a = CreditAccount.objects.get(pk=account.pk) if account else self.account
        return a.reserved, a.receivable, a.unapplied, a.credits

    def reserve(self, amount: str, order: int = 1, **kwargs: Any) -> bool:
        """Reserve for an order on Acme's account, in a command of its own."""
        with command("test.reserve", by=self.world.system, **kwargs):
            event = current().event("order.submitted", [("order", order)])
            return reserve(self.world.account.pk, order, Decimal(amount), event)

    def invoice(self, net: str = "100.00", customer: Customer | None = None, account: CreditAccount | None = None,
                day: date = TODAY, terms: int = 30, reserved: str = "0", **changes: Any) -> Invoice:  # fmt: skip
        """An invoice of one line at 20 % tax: total = 1.2 × net."""
        self.orders += 1
        header = {
            "account_id": (account or self.world.account).pk, "customer_id": (customer or self.world.customer).pk,
            "currency": "EUR", "order_id": self.orders, "order_number": f"SO{self.orders:07d}",
            "customer_po": f"PO-{self.orders}", "shipment_id": self.orders, "invoice_date": day, "terms_days": terms,
        }  # fmt: skip
        with command("test.invoice", by=self.world.system):
            pk = issue_invoice(InvoiceHeader(**{**header, **changes}), [line(net)], Decimal(reserved))
        return Invoice.objects.get(pk=pk)

    def line(self, amount: str, text: str = "", **changes: Any) -> int:
        """A bank line keyed by finance; its id."""
        values = {"booking_date": TODAY, "value_date": TODAY, **changes}
        return record_bank_line(self.bank.pk, NewBankLine(amount=Decimal(amount), text=text, **values), by=self.world.finance)

    def other(self, code: str = "BETA", name: str = "Beta Works") -> tuple[Customer, CreditAccount]:
        """Another customer with an account of its own."""
        customer = make_customer(code, name, self.world.post)
        return customer, open_account(customer, Decimal(5_000))


def line(net: str = "100.00", quantity: int = 1, category: str = "standard", rate: str = "0.2", **changes: Any) -> InvoiceLineData:
    """One invoice line worth `net`."""
    values = {
        "order_line_id": 1, "sku": "A", "description": "Adjustable spanner", "quantity": quantity,
        "unit_price": Decimal(net) / quantity, "price_unit": 1, "discount": Decimal(0), "tax_category": category,
        "tax_rate": Decimal(rate),
    }  # fmt: skip
    return InvoiceLineData(**{**values, **changes})


def make_money() -> Money:
    """The world with a bank account."""
    return Money(World.make(), BankAccount.objects.create(name="Main", iban=IBAN, currency_id="EUR"))


@pytest.fixture
def money(db: Any) -> Money:
    """In a transaction that is rolled back."""
    return make_money()


@pytest.fixture
def live_money(live_db: str) -> Money:
    """In a database of its own, with real commits."""
    return make_money()


def violated() -> list[tuple[str, list[Any]]]:
    """The invariants of payments that do not hold, with their rows."""
    found = []
    for module in modules("invariants"):
        if not module.__name__.startswith("payments."):
            continue
        for invariant in module.INVARIANTS:
            with connection.cursor() as cursor:
                cursor.execute(invariant.sql)
                if rows := cursor.fetchall():
                    found.append((invariant.code, rows))
    return found


def days(n: int) -> timedelta:
    """n days."""
    return timedelta(days=n)
