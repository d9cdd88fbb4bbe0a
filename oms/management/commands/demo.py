"""`manage.py demo`: fill a believable company, once, through the use cases; print who can sign in."""

from __future__ import annotations

from typing import Any

import psycopg
from django.conf import settings
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Q

from oms.accounts.models import User
from oms.accounts.selectors import system_user
from oms.company.models import Company
from oms.kernel.rooms import modules
from oms.runtime import paths

PASSWORD = "practice-makes-perfect"
ANALYZE_AFTER_STEP = 50


class Command(BaseCommand):
    help = "Fill the practice company once (every room's `demo`), then print the sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="bring the database up to date first")

    def handle(self, *args: Any, **options: Any) -> None:
        self.unfinished = paths.var() / "demo.unfinished"
        if self.unfinished.exists():
            self.start_over()
        if options["migrate"]:
            self.migrate()
        if not Company.objects.exists():
            self.stdout.write("Filling the practice company …")
            self.stdout.flush()
            self.fill()
        self.print_sign_ins()

    def migrate(self) -> None:
        """Migrate, when there is anything to do."""
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            call_command("migrate", verbosity=0)

    def fill(self) -> None:
        """Every room's demo in the order of its STEP. A filling that is broken off is noticed at the next start.

        Commits do not wait for the disk one by one; the last one does, and with it all before.
        """
        self.unfinished.touch()
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = off")
        for module in sorted(modules("demo"), key=lambda m: m.STEP):
            module.fill(system_user())
            if module.STEP == ANALYZE_AFTER_STEP:
                self.analyze()
        with connection.cursor() as cursor:
            cursor.execute("SET synchronous_commit = on")
            cursor.execute("SELECT pg_logical_emit_message(true, 'oms', 'the practice company is filled')")
        self.unfinished.unlink()

    def owner(self, database: str | None = None) -> psycopg.Connection[Any]:
        """An autocommit connection as the owner role, to another database of the server when named."""
        wanted = connection.get_connection_params()
        for ours in ("cursor_factory", "context", "prepare_threshold"):
            wanted.pop(ours, None)
        owner = {"user": settings.DATABASE_OWNER.get("USER"), "password": settings.DATABASE_OWNER.get("PASSWORD")}
        wanted |= {key: value for key, value in owner.items() if value}
        return psycopg.connect(**wanted | {"dbname": database or wanted["dbname"]}, autocommit=True)

    def analyze(self) -> None:
        """Fresh statistics after bulk data, so that plans are right from the first order (WRITE_PATH.md)."""
        with self.owner() as server:
            server.execute("ANALYZE")

    def start_over(self) -> None:
        """A half-filled company is thrown away: nobody was ever told that it is ready."""
        name = connection.settings_dict["NAME"]
        if not settings.EMBEDDED_DATABASE:
            raise CommandError(
                f"Filling the practice company was broken off, so database {name} holds half of it. "
                f"Make it empty (drop and create it), remove {self.unfinished}, and start again."
            )
        self.stdout.write("Filling was broken off last time; starting it over …")
        connection.close()
        with self.owner("postgres") as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            server.execute(f'CREATE DATABASE "{name}" OWNER oms_owner')
        self.unfinished.unlink()
        call_command("migrate", verbosity=0)

    def print_sign_ins(self) -> None:
        """One line a role, and the partner's key."""
        self.stdout.write(f"Sign in with the password {PASSWORD} as:")
        for user in User.objects.filter(is_system=False, is_active=True).exclude(Q(roles=[]) | Q(password__startswith=UNUSABLE_PASSWORD_PREFIX)).order_by("pk"):
            self.stdout.write(f"  {user.username:<12} {', '.join(user.roles):<14} {user.get_full_name()}")
        key = paths.var() / "partner.key"
        if key.exists():
            self.stdout.write(f"Partner key: {key.read_text()}")
