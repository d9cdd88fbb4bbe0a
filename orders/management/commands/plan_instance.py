"""`manage.py plan_instance`: the planning kernel on an instance in the referee's format. No database."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orders.planning.domain.instance import BadInstance, check, load
from orders.planning.domain.solve import POLICIES, Answer, solve


class Command(BaseCommand):
    help = "Plan an instance (npz, or a folder of npy and csv files) and write the plan; the last line printed is JSON."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("instance", help="arrays as the referee describes them")
        parser.add_argument("plan", help="written: npz with `plan` (line, sku, loc, day, qty) and `pi`, or a .csv")
        parser.add_argument("--policy", choices=POLICIES, default="strict")
        parser.add_argument("--workers", type=int, default=1)
        parser.add_argument("--seconds", type=float, default=60.0, help="time to search; becomes steps before the search")

    def handle(self, *args: Any, **options: Any) -> None:
        started = time.perf_counter()
        if options["workers"] < 1 or options["workers"] > 64:
            raise CommandError("--workers must be from 1 to 64")
        if options["seconds"] <= 0:
            raise CommandError("--seconds must be more than 0")
        try:
            arrays = check(load(options["instance"]), options["instance"])
            reading = time.perf_counter() - started
            answer = solve(arrays, options["policy"], options["workers"], options["seconds"], time.perf_counter)
        except BadInstance as error:
            raise CommandError(str(error)) from error
        answer.seconds = {"read": reading, **answer.seconds}
        written = time.perf_counter()
        self.write(Path(options["plan"]), answer)
        answer.seconds["write"] = time.perf_counter() - written
        for line in lines_of(answer):
            self.stdout.write(line)
        self.stdout.write(json.dumps(report(answer, options)))

    def write(self, path: Path, answer: Answer) -> None:
        """Write the plan beside its place and move it there, whole."""
        import numpy as np

        part = path.with_name(f".{path.name}.part")
        try:
            with part.open("wb") as file:
                if path.suffix == ".csv":
                    np.savetxt(file, answer.rows, "%d", ",", header="line,sku,loc,day,qty", comments="")
                else:
                    np.savez(file, plan=answer.rows, **({} if answer.pi is None else {"pi": answer.pi}))
            part.replace(path)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise CommandError(f"{path}: {error}") from error


def report(answer: Answer, options: dict[str, Any]) -> dict[str, Any]:
    """The last line: everything as JSON."""
    return {
        "policy": options["policy"], "workers": options["workers"], "orders": answer.orders, "lines": answer.lines,
        **answer.value, "bound": answer.bound, "gap": answer.gap, "inversions": answer.inversions,
        "lines_per_s": round(answer.lines_per_s), "steps": answer.steps, "reproducible": answer.reproducible,
        "seconds": {name: round(seconds, 4) for name, seconds in answer.seconds.items()},
    }  # fmt: skip


def lines_of(answer: Answer) -> list[str]:
    """What a person wants to read."""
    value, bound = answer.value, "bound not computed"
    if answer.bound is not None:
        bound = f"bound {answer.bound:,}, gap {answer.gap:.2%}"
    return [
        f"{answer.lines:,} lines of {answer.orders:,} orders: {value['rows']:,} schedule rows, {value['shipments']:,} shipments",
        f"filled {value['filled']:.2%}, in time {value['on_time']:.2%}",
        f"objective {value['objective']:,} = late {value['lateness']:,} + undelivered {value['undelivered']:,} "
        f"+ goods {value['unit']:,} + shipments {value['fixed']:,}; {bound}",
        f"{answer.lines_per_s:,.0f} lines per second placed; priority inversions {answer.inversions}",
        "seconds: " + ", ".join(f"{name} {seconds:.2f}" for name, seconds in answer.seconds.items()),
        "reproducible: " + ("true" if answer.reproducible else "false (the clock ended the search)"),
    ]
