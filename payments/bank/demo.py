"""The practice company's bank account, and how some of its customers pay: in parts, early, by the month, certain enough to post."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from customers.parties.models import Customer
from oms.events.services import command
from payments.bank.models import BankAccount
from payments.billing.models import BillingTerms

STEP = 46
TERMS: dict[str, dict[str, Any]] = {
    "C1005": {"instalments": 3}, "C1011": {"discount_share": Decimal("0.02"), "discount_days": 10}, "C1013": {"match_from": 95},
    "C1017": {"timing": BillingTerms.Timing.MONTHLY}, "C1019": {"timing": BillingTerms.Timing.WEEKLY},
}  # fmt: skip


def fill(by: Any) -> None:
    """One account of our own; terms of five customers."""
    with command("demo.bank", by=by) as cmd:
        cmd.event("bank_account.opened", [("user", by.pk)], {})
        BankAccount.objects.create(
            name="Crédit du Rhône, main account", iban="FR7630006000011234567890189", currency_id="EUR"
        )
        for code, terms in TERMS.items():
            BillingTerms.objects.create(customer=Customer.objects.get(code=code), **terms)
