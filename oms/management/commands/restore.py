"""`manage.py restore DIR`: put a copy made by `backup` in place, verify it, and keep what was there before."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from oms.events import verification
from oms.runtime import backup, paths, postgres, supervisor, valkey

WAITING = "I33b"  # deliveries a minute late: the copy is older than that, and no worker runs yet


class Command(BaseCommand):
    help = "Put a copy back and verify it. What it replaces is kept beside; a copy that does not verify is not put in place."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="made by manage.py backup")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].resolve()
        if supervisor.is_running():
            raise CommandError("`make demo` runs from this folder; stop it with Ctrl-C first.")
        try:
            facts = backup.note(folder)
            if settings.EMBEDDED_DATABASE:
                self.cluster(folder)
            else:
                self.dumped(folder, facts)
        except backup.Refused as refusal:
            raise CommandError(str(refusal)) from None
        finally:
            connection.close()
        self.stdout.write(f"Restored the copy of {facts['made_at']}.")

    def cluster(self, folder: Path) -> None:
        """Exchange the embedded cluster; back again when the copy does not verify."""
        backup.check_cluster(folder)
        up = postgres.is_ready()
        new, home = backup.put_cluster(folder), paths.postgres_home()
        valkey.stop()
        postgres.stop()
        old = backup.aside()
        backup.exchange([(home, old / "postgres"), (new, home)])
        started = None
        try:
            started = backup.start_for_a_moment()
            self.prove()
        except (CommandError, SystemExit):
            connection.close()
            backup.stop_again(started)
            postgres.stop()
            shutil.rmtree(home)
            backup.exchange([(old / "postgres", home)])
            old.rmdir()
            raise
        backup.put_files(folder, Path(settings.MEDIA_ROOT), old)
        shutil.rmtree(paths.var() / "valkey", ignore_errors=True)  # rings of the other data; the outbox rings again
        connection.close()
        backup.stop_again(started)
        if up:
            postgres.start(tied=False)
            valkey.start(tied=False)
        with contextlib.suppress(OSError):
            old.rmdir()
        if old.exists():
            self.stdout.write(f"What was here before lies in {old}; remove it when you are sure.")

    def dumped(self, folder: Path, facts: dict[str, Any]) -> None:
        """Fill the empty database of an own server."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
            if cursor.fetchone()[0]:
                raise CommandError(
                    f"Database {connection.settings_dict['NAME']} is not empty. Create a new one and name it in DATABASE_URL."
                )
            backup.catch_up(cursor, int(facts["counter"]))
        connection.close()
        backup.undump(folder, settings.DATABASE_OWNER)
        self.prove()
        old = backup.aside()
        backup.put_files(folder, Path(settings.MEDIA_ROOT), old)
        with contextlib.suppress(OSError):
            old.rmdir()

    def prove(self) -> None:
        """Up to date with the code, grants given, the tail sealed, every check holds; what waits for a worker may wait."""
        call_command("migrate", verbosity=0)
        call_command("relay", once=True, stdout=self.stdout)
        outcomes = list(verification.verify())
        failed = [outcome for outcome in outcomes if outcome.bad and outcome.code != WAITING]
        for outcome in failed:
            self.stdout.write(f"FAIL {outcome.bad}  {outcome.code}  {outcome.statement}: {'; '.join(outcome.rows)}")
        if failed:
            raise CommandError(f"The copy does not verify: {len(failed)} of {len(outcomes)} checks do not hold.")
        self.stdout.write(f"all {len(outcomes)} checks hold")
