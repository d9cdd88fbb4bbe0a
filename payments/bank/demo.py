"""The practice company's bank account."""

from __future__ import annotations

from typing import Any

from oms.events.services import command
from payments.bank.models import BankAccount

STEP = 46


def fill(by: Any) -> None:
    """One account of our own."""
    with command("demo.bank", by=by) as cmd:
        cmd.event("bank_account.opened", [("user", by.pk)], {})
        BankAccount.objects.create(
            name="Crédit du Rhône, main account", iban="FR7630006000011234567890189", currency_id="EUR"
        )
