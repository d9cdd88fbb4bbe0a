"""`manage.py services start | stop | status`: the embedded PostgreSQL and Valkey alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from oms.runtime import paths, postgres, valkey


class Command(BaseCommand):
    help = "Start, stop or show the embedded PostgreSQL and Valkey."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *args: Any, **options: Any) -> None:
        if options["action"] == "start":
            postgres.start(tied=False)
            valkey.start(tied=False)
        elif options["action"] == "stop":
            valkey.stop()
            postgres.stop()
        for name, up, url in (
            ("PostgreSQL", postgres.is_ready(), paths.database_url("app")),
            ("Valkey", valkey.is_ready(), paths.redis_url()),
        ):
            self.stdout.write(f"{name}: {'up, ' + url if up else 'down'}")
