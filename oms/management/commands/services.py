"""`manage.py services start | stop | status`: the embedded PostgreSQL and Valkey alone."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oms.runtime import paths, postgres, supervisor, valkey


class Command(BaseCommand):
    help = "Start, stop or show the embedded PostgreSQL and Valkey. `status` ends with 0 when both are up."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["start", "stop", "status"])

    def handle(self, *args: Any, **options: Any) -> None:
        action = options["action"]
        if action == "start":
            postgres.start(tied=False)
            valkey.start(tied=False)
        elif action == "stop":
            if supervisor.is_running():
                raise CommandError("They belong to a running `make demo`; stop that with Ctrl-C.")
            valkey.stop()
            postgres.stop()
        up = {
            "PostgreSQL": (postgres.is_ready(), paths.database_url("app")),
            "Valkey": (valkey.is_ready(), paths.redis_url()),
        }
        for name, (ready, url) in up.items():
            self.stdout.write(f"{name}: {'up, ' + url if ready else 'down'}")
        if action == "status" and not all(ready for ready, _url in up.values()):
            raise CommandError("not everything is up", returncode=3)
