"""`manage.py money_soak --steps N --seed S`: random money against an independent model, rolled back at the end."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from payments.collections.soak import soak


class Command(BaseCommand):
    help = "Random invoices, payments, credits, refunds, cheques and bounces against an independent model; nothing is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--steps", type=int, default=1_000)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = soak(options["steps"], options["seed"], self.stdout.write)
        except AssertionError as error:
            raise CommandError(f"seed {options['seed']}: {error}") from error
        done = ", ".join(f"{name} {n}" for name, n in sorted(counts.items()))
        self.stdout.write(f"seed {options['seed']}, {options['steps']} steps: difference 0.00 ({done})")
