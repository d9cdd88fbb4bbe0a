"""The practice company's credit accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from customers.parties.models import Customer
from oms.events.services import command
from payments.credit.models import AccountMember, CreditAccount

STEP = 46


def fill(by: Any) -> None:
    """An account per customer, limits by class; one customer is blocked, one has hardly any limit."""
    with command("demo.credit", by=by) as cmd:
        cmd.event("credit.imported", [("user", by.pk)], {})
        for i, customer in enumerate(Customer.objects.order_by("code")):
            limit = {0: 80_000, 1: 40_000, 2: 20_000, 3: 8_000}[customer.customer_class]
            account = CreditAccount.objects.create(
                payer=customer, currency_id="EUR", limit=Decimal(500 if i == 7 else limit), blocked=i == 10,
                blocked_reason="bounced cheque" if i == 10 else "",
            )  # fmt: skip
            AccountMember.objects.create(customer=customer, account=account)
