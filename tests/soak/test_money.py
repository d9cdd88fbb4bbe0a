"""Random money against an independent model, seed after seed, until the time is up: 0.00 difference."""

from __future__ import annotations

import sys
from typing import Any

from payments.bank.models import BankAccount
from payments.collections.soak import soak as money
from tests.world import World

STEPS = 1_000


def test_random_money_differs_by_nothing(soak: Any) -> None:
    seed = soak.seed
    with soak.database():
        World.make()
        BankAccount.objects.create(name="House bank", iban="FR7630006000011234567890189", currency_id="EUR")
        while soak.left() > 0:
            try:
                counts = money(STEPS, seed)
            except Exception as error:
                raise AssertionError(f"seed {seed}: {type(error).__name__}: {error}") from error
            sys.stdout.write(f"seed {seed}: {sum(counts.values())} steps, difference 0.00\n")
            seed += 1
