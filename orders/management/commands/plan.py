"""`manage.py plan`: one plan run now, in this process."""

import time
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand

from oms.accounts.selectors import system_user
from orders.planning.services import run


class Command(BaseCommand):
    help = "Plan the backlog: approved orders that are short or late, in rank order; nothing promised gets worse."

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.monotonic()
        counts = run(lambda done, total: None, by=system_user(), slot=f"command-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        said = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in counts.items())
        self.stdout.write(f"{said} in {time.monotonic() - started:.1f} s")
