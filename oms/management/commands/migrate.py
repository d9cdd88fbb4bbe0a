"""`manage.py migrate` as the owner role, then the grants of the other roles."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections
from django.db.migrations.state import ProjectState

from oms.runtime.roles import grant


@contextmanager
def constraints_without_rendering() -> Iterator[None]:
    """Half of a first migration's time goes into building all model classes anew after each added constraint or index.

    The operation itself gets the constraint, and whatever later changes the model builds its class anew: so only the
    note in the model's state is needed.
    """
    rendering = ProjectState._append_option  # type: ignore[attr-defined]

    def noting(self: ProjectState, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        options = self.models[app_label, model_name].options
        options[option_name] = [*options[option_name], obj]

    ProjectState._append_option = noting  # type: ignore[attr-defined]
    try:
        yield
    finally:
        ProjectState._append_option = rendering  # type: ignore[attr-defined]


class Command(Migrate):
    help = Migrate.help + " Runs as the owner role and grants the app and read roles what they may do."

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        connection.close()
        served_as = dict(connection.settings_dict)
        connection.settings_dict.update({k: settings.DATABASE_OWNER[k] for k in ("USER", "PASSWORD") if k in settings.DATABASE_OWNER})
        try:
            with constraints_without_rendering():
                super().handle(*args, **options)
            with connection.cursor() as cursor:
                ledgers = grant(cursor)
            if options["verbosity"] > 0:
                self.stdout.write(f"Grants: {len(ledgers)} ledgers are append-only for the app role."
                                  if ledgers else "Grants: one role only; ledgers are guarded by triggers alone.")
        finally:
            connection.close()
            connection.settings_dict.update({k: served_as[k] for k in ("USER", "PASSWORD") if k in served_as})
