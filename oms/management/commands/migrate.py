"""`manage.py migrate` as the owner role, then the grants of the other roles."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.commands.migrate import Command as Migrate
from django.db import connections
from django.db.migrations.state import ProjectState

from oms.runtime.roles import grant


@contextmanager
def rendering_what_changed() -> Iterator[None]:
    """Nine tenths of a first migration's time go into building the classes of all related models anew after each change.

    Here almost everything is related to users and events, so that is nearly every model, hundreds of times. What is added
    needs none of it: a new model, a field and an option change the class of their own model only, and statements name tables
    and columns, which stay. Whatever alters, renames or removes, and code of a migration (there is none), has the usual way.
    """
    usual = {name: getattr(ProjectState, name) for name in ("add_model", "add_field", "_append_option")}

    def render(self: ProjectState, app_label: str, model_name: str) -> None:
        if "apps" in self.__dict__:
            with self.apps.bulk_update():
                self.apps.unregister_model(app_label, model_name)
            self.apps.render_multiple([self.models[app_label, model_name]])

    def rendering_only(name: str) -> Callable[..., None]:
        def change(self: ProjectState, *args: Any, **kwargs: Any) -> None:
            apps = self.__dict__.pop("apps", None)  # without it the usual way notes the change and renders nothing
            usual[name](self, *args, **kwargs)
            if apps is not None:
                self.apps = apps
                state = args[0] if name == "add_model" else None
                render(self, *((state.app_label, state.name_lower) if state else args[:2]))

        return change

    def noting(self: ProjectState, app_label: str, model_name: str, option_name: str, obj: Any) -> None:
        options = self.models[app_label, model_name].options
        options[option_name] = [*options[option_name], obj]

    patched = {"add_model": rendering_only("add_model"), "add_field": rendering_only("add_field"), "_append_option": noting}
    for name, ours in patched.items():
        setattr(ProjectState, name, ours)
    try:
        yield
    finally:
        for name, theirs in usual.items():
            setattr(ProjectState, name, theirs)


class Command(Migrate):
    help = Migrate.help + " Runs as the owner role and grants the app and read roles what they may do."

    def handle(self, *args: Any, **options: Any) -> None:
        connection = connections[options["database"]]
        connection.close()
        served_as = dict(connection.settings_dict)
        connection.settings_dict.update({k: settings.DATABASE_OWNER[k] for k in ("USER", "PASSWORD") if k in settings.DATABASE_OWNER})
        try:
            with rendering_what_changed():
                super().handle(*args, **options)
            with connection.cursor() as cursor:
                ledgers = grant(cursor)
            if options["verbosity"] > 0:
                self.stdout.write(f"Grants: {len(ledgers)} ledgers are append-only for the app role."
                                  if ledgers else "Grants: one role only; ledgers are guarded by triggers alone.")
        finally:
            connection.close()
            connection.settings_dict.update({k: served_as[k] for k in ("USER", "PASSWORD") if k in served_as})
