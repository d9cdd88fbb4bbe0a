"""`manage.py migrate` as the owner role, then the grants of the other roles."""

from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections

from oms.runtime.roles import grant


class Command(Migrate):
    help = Migrate.help + " Runs as the owner role and grants the app and read roles what they may do."

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        connection.close()
        served_as = dict(connection.settings_dict)
        connection.settings_dict.update({k: settings.DATABASE_OWNER[k] for k in ("USER", "PASSWORD") if k in settings.DATABASE_OWNER})
        try:
            super().handle(*args, **options)
            with connection.cursor() as cursor:
                ledgers = grant(cursor)
            if options["verbosity"] > 0:
                self.stdout.write(f"Grants: {len(ledgers)} ledgers are append-only for the app role."
                                  if ledgers else "Grants: one role only; ledgers are guarded by triggers alone.")
        finally:
            connection.close()
            connection.settings_dict.update({k: served_as[k] for k in ("USER", "PASSWORD") if k in served_as})
