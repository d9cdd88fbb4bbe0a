"""`manage.py backup DIR`: a consistent copy of the database, the files and the secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from oms.runtime import backup, paths


class Command(BaseCommand):
    help = "Copy the whole company, at one moment, into a new folder. Everything may go on running meanwhile."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path, help="absent or empty so far")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"].resolve()
        if (paths.var() / "demo.unfinished").exists():
            raise CommandError("The practice company is only half filled; finish `make demo` first.")
        started = None
        try:
            backup.target(folder)
            if settings.EMBEDDED_DATABASE:
                started = backup.start_for_a_moment()
                counter = self.counter()
                backup.copy_cluster(folder)
            else:
                counter = self.counter()
                backup.dump(folder, settings.DATABASE_OWNER)
            backup.copy_files(folder, Path(settings.MEDIA_ROOT))
            backup.finish(folder, kind="cluster" if settings.EMBEDDED_DATABASE else "dump", counter=counter)
        except backup.Refused as refusal:
            raise CommandError(str(refusal)) from None
        finally:
            connection.close()
            backup.stop_again(started)
        size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
        self.stdout.write(f"Copied to {folder} ({size / 1e6:.1f} MB). Keep it private: it holds every secret.")
        self.stdout.write(f"Back with: manage.py restore {folder}")

    def counter(self) -> int:
        """The server's transaction counter before the copy, with room for what goes on meanwhile."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()::text::bigint")
            (now,) = cursor.fetchone()
        return int(now) + 10_000
