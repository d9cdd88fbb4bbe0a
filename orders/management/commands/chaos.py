"""`manage.py chaos [--minutes M] [--seed N]`: load with kills, cuts and duplicates, then `verify`.

Runs on an instance of its own below `var/chaos/`, each time on a fresh copy of the practice company. One seed decides the
faults, their order and what is ordered. Ends with 0 only when nothing that was acknowledged is lost, doubled or oversold,
every event was handled, and every check holds.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection

from oms.events import relay
from oms.events.consumers import consumers
from oms.events.doorbell import ring
from oms.runtime import chaos, paths
from orders.book.models import Order
from orders.desk.bench import Stage
from orders.desk.chaos import House, Journal, Outcome, Partner, count, insist

PARTNERS, CUSTOMERS = 4, 10
SKUS = [f"CHAOS-{n:02}" for n in range(14)]
UNITS = 150
QUIET_SECONDS = 120


class Command(BaseCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--minutes", type=float, default=2)
        parser.add_argument("--seed", type=int, default=None, help="default: a random one, printed")
        parser.add_argument("--journals", default="", help="keep what every client wrote in this folder")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["minutes"] <= 0:
            raise CommandError("--minutes must be more than 0")
        seed = options["seed"] if options["seed"] is not None else random.SystemRandom().randrange(10**9)
        if paths.instance() != chaos.INSTANCE:
            self.again(options, seed)
            return
        self.stdout.write(f"seed {seed}")
        chaos.fresh_database(self.fill)
        folder = Path(options["journals"] or paths.var() / "journals")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        with chaos.running() as app:
            self.stdout.write(f"running at {app.url}; shaking it for {options['minutes']:g} minutes …")
            outcome, done, drained = self.shake(app, folder, seed, options["minutes"] * 60)
            holds, said = self.verified()
        self.report(outcome, done, drained, holds, said, seed)

    def fill(self) -> None:
        """The practice company, once."""
        self.stdout.write("filling the practice company …")
        command = [sys.executable, "manage.py", "demo", "--migrate"]
        done = subprocess.run(command, cwd=paths.BASE, env={**os.environ, "OMS_DATABASE_ROLE": "worker"}, capture_output=True, text=True)
        if done.returncode:
            raise CommandError(f"The practice company could not be filled: {(done.stderr or done.stdout)[-2000:]}")

    def again(self, options: dict[str, Any], seed: int) -> None:
        """The same command as a process of the instance; its exit status is ours."""
        command = [sys.executable, "manage.py", "chaos", "--minutes", str(options["minutes"]), "--seed", str(seed)]
        command += ["--journals", str(Path(options["journals"]).resolve())] if options["journals"] else []
        done = subprocess.run(command, cwd=paths.BASE, env={**os.environ, **chaos.environment()}, stdout=subprocess.PIPE, text=True)
        self.stdout.write(done.stdout, ending="")
        if done.returncode:
            raise CommandError("chaos found something: see above.", returncode=done.returncode)

    def shake(self, app: chaos.Application, folder: Path, seed: int, seconds: float) -> tuple[Outcome, dict[str, int], float]:
        """Load and faults side by side, then quiet until everything is handled; what came of it, the faults, seconds of quiet."""
        stage = Stage.of("CHAOS", CUSTOMERS, SKUS, UNITS, places=2)
        after = Order.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        connection.close()
        until = time.monotonic() + seconds
        context = multiprocessing.get_context("fork")
        journals = [Journal(folder / f"partner-{n}") for n in range(PARTNERS)] + [Journal(folder / "house")]
        workers: list[Any] = [Partner(app.url, stage.keys, SKUS, journals[n], random.Random(f"{seed} partner {n}")) for n in range(PARTNERS)]
        workers.append(House(journals[-1], random.Random(f"{seed} house"), after, f"CH{seed}"))
        children = [context.Process(target=worker.work, args=(until,)) for worker in workers]
        for child in children:
            child.start()
        chance = random.Random(f"{seed} faults")
        kinds = chaos.faults(app, chance, self.repeat_rings)
        done = chaos.shake(kinds, chance, until)
        for child in children:
            child.join()
        quiet = time.monotonic()
        drained = self.drain(quiet)
        return insist(lambda: count(journals, after, SKUS)), done, drained

    def repeat_rings(self) -> bool:
        """Every consumer is rung three times at once."""
        return sum(ring(relay.DRAIN, name) for name in consumers() for _n in range(3)) > 0

    def drain(self, since: float) -> float:
        """Seconds until no delivery waits and every event is sealed."""
        sql = "SELECT (SELECT count(*) FROM oms_delivery WHERE status = 'new') + (SELECT count(*) FROM oms_event WHERE xid >= (SELECT upto_xid FROM oms_seal ORDER BY seq DESC LIMIT 1))"

        def left() -> int:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return int(cursor.fetchone()[0])

        while insist(left) and time.monotonic() < since + QUIET_SECONDS:
            time.sleep(0.25)
        return round(time.monotonic() - since, 1)

    def verified(self) -> tuple[bool, str]:
        """Whether every check holds, and what does not."""
        out = io.StringIO()
        try:
            call_command("verify", stdout=out)
        except CommandError as error:
            bad = [line for line in out.getvalue().splitlines() if line.startswith(("FAIL", " "))]
            return False, "\n".join([*bad, str(error)])
        return True, ""

    def report(self, outcome: Outcome, done: dict[str, int], drained: float, holds: bool, said: str, seed: int) -> None:
        """What was found, one a line; the JSON last; an error when anything was."""
        for name, found in (("lost", outcome.lost), ("duplicated", outcome.duplicated), ("never answered", outcome.unanswered)):
            for each in found[:10]:
                self.stdout.write(f"{name}: {each}")
        if not holds:
            self.stdout.write(said)
        self.stdout.write(json.dumps({
            "faults": done, "acknowledged": outcome.acknowledged, "orders": outcome.orders, "shipped": outcome.shipped, "paid": outcome.paid, "lost": len(outcome.lost), "duplicated": len(outcome.duplicated),
            "oversold": outcome.oversold, "seed": seed, "unanswered": len(outcome.unanswered), "uninvoiced": outcome.uninvoiced,
            "given_up": outcome.given_up, "quiet_after_s": drained, "verify": holds, "answers": outcome.statuses,
        }))  # fmt: skip
        if not (outcome.good and holds):
            raise CommandError(f"seed {seed}: not everything survived.")
