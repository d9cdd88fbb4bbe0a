"""manage.py verify: every invariant and the event chain, one line per check."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from oms.events import verification

TOUCHED = timedelta(minutes=5)


class Command(BaseCommand):
    help = "Check every invariant and the event chain; ends with 0 only when all hold."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--touched", action="store_true", help="only what changed in the last five minutes")
        parser.add_argument("--since", help="with --touched: changed since this moment (ISO 8601 with zone)")
        parser.add_argument("--room", help="one room or app: orders, book or orders.book")

    def handle(self, *args: Any, **options: Any) -> None:
        since = None
        if options["touched"] or options["since"]:
            since = parse_datetime(options["since"]) if options["since"] else timezone.now() - TOUCHED
            if since is None or timezone.is_naive(since):
                raise CommandError("--since needs a date and time with its zone, e.g. 2026-03-02T08:00:00Z")
        if verification.read_role() is None:
            self.stdout.write("note: no read role is configured; verifying with the role that serves")
        total, failed = 0, 0
        try:
            for outcome in verification.verify(options["room"], since):
                total += 1
                failed += outcome.bad > 0
                self._line(outcome)
        except OperationalError as error:
            raise CommandError(f"the database cannot be reached: {error}") from None
        if not total:
            raise CommandError(f"no room is named {options['room']}")
        if failed:
            raise CommandError(f"{failed} of {total} checks do not hold")
        self.stdout.write(f"all {total} checks hold")

    def _line(self, outcome: verification.Outcome) -> None:
        verdict = f"FAIL {outcome.bad}" if outcome.bad else "ok"
        place = f"{outcome.code:<6}{outcome.room:<22}"
        self.stdout.write(f"{verdict:<10}{place}{outcome.statement} ({outcome.seconds * 1000:.0f} ms)")
        for row in outcome.rows:
            self.stdout.write(f"          {row}")
