"""`manage.py plan`: one plan run now, in this process."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from oms.accounts.selectors import system_user
from oms.kernel.errors import OMSError
from orders.planning.choices import RunPolicy
from orders.planning.services import run_planned


class Command(BaseCommand):
    help = "Plan the backlog. By default nothing promised gets worse; what would is held as a proposal."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--policy", choices=RunPolicy.values, default="improve")
        parser.add_argument("--propose", action="store_true", help="hold the result, whatever it is")
        parser.add_argument("--export-instance", metavar="FILE.npz", help="write the run's input as the referee reads it")
        parser.add_argument("--export-plan", metavar="FILE.npz", help="write the run's plan as the referee reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        import numpy as np

        slot = f"command-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        try:
            certificate, made = run_planned(
                lambda done, total: None, by=system_user(), slot=slot, policy=options["policy"], propose=options["propose"]
            )
        except OMSError as error:
            raise CommandError(str(error)) from error
        empty = np.zeros((0, 5), np.int64)
        self.write(options["export_instance"], made.backlog.arrays)
        self.write(options["export_plan"], {"plan": empty if made.table is None else made.table})
        for name, value in certificate.items():
            if name != "seconds" and value is not None:
                self.stdout.write(f"{name.replace('_', ' ')}: {value}")
        self.stdout.write(", ".join(f"{step} {seconds:.2f} s" for step, seconds in certificate["seconds"].items()))
        self.stdout.write(json.dumps(certificate, default=str))

    def write(self, name: str | None, arrays: dict[str, Any]) -> None:
        """Write an npz beside its place and move it there, whole."""
        import numpy as np

        if name is None:
            return
        path = Path(name)
        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                np.savez(file, **arrays)
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise CommandError(f"{path}: {error}") from error
