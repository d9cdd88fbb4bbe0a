"""A first migration renders only what changed (oms.management.commands.migrate): it makes the same schema as Django's own way."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

from django.core.management import call_command
from django.db import connection

from oms.management.commands import migrate
from tests.conftest import admin, clone_name, drop, pointed_at

SCHEMA = """
SELECT 'column', table_name, column_name, concat_ws(' ', data_type, character_maximum_length, numeric_precision, numeric_scale, is_nullable, column_default)
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT 'index', tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
ORDER BY 1, 2, 3
"""


def schema(blocker: Any) -> list[tuple[Any, ...]]:
    """What `migrate` makes of an empty database."""
    name = clone_name()
    with admin() as server:
        server.execute(f'CREATE DATABASE "{name}" OWNER oms_owner')
    try:
        with pointed_at(name, blocker):
            call_command("migrate", verbosity=0)
            with connection.cursor() as cursor:
                cursor.execute(SCHEMA)
                return list(cursor.fetchall())
    finally:
        drop(name)


def test_rendering_less_makes_the_same_schema(template_name: str, django_db_blocker: Any, monkeypatch: Any) -> None:
    ours = schema(django_db_blocker)
    monkeypatch.setattr(migrate, "rendering_what_changed", nullcontext)
    assert schema(django_db_blocker) == ours
    assert len(ours) > 2_000
