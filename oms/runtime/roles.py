"""What each database role may do, derived from the catalog after every migration.

The app role serves: it reads and writes rows, never truncates, and may not change or delete rows of ledgers; a ledger is
a table that carries the trigger function `oms_refuse_change`. The read role reads. One role alone: nothing to grant.

`python -m oms.runtime.roles` prints the SQL that makes the roles and the database on a server of your own.
"""

from __future__ import annotations

from typing import Any

ROLES = """
CREATE ROLE oms_owner LOGIN CREATEDB;
CREATE ROLE oms_app LOGIN;
CREATE ROLE oms_worker LOGIN IN ROLE oms_app;
CREATE ROLE oms_read LOGIN IN ROLE pg_read_all_data;
ALTER ROLE oms_app SET lock_timeout = '3s';
ALTER ROLE oms_app SET statement_timeout = '5s';
ALTER ROLE oms_app SET idle_in_transaction_session_timeout = '30s';
ALTER ROLE oms_app SET plan_cache_mode = 'force_generic_plan';
ALTER ROLE oms_app SET jit = off;
ALTER ROLE oms_worker SET jit = off;
ALTER ROLE oms_worker SET lock_timeout = '3s';
ALTER ROLE oms_worker SET statement_timeout = '60s';
ALTER ROLE oms_worker SET idle_in_transaction_session_timeout = '60s';
ALTER ROLE oms_read SET statement_timeout = '300s';
ALTER ROLE oms_read SET default_transaction_read_only = on;
"""

DATABASE = """
CREATE DATABASE oms OWNER oms_owner;
"""

EMBEDDED = ROLES.strip() + DATABASE

GRANT = """
GRANT USAGE ON SCHEMA public TO {app}, {read};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app};
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app};
GRANT SELECT ON ALL TABLES IN SCHEMA public TO {read};
GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {read};
"""

LEDGERS = """
SELECT DISTINCT t.tgrelid::regclass::text FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
WHERE p.proname = 'oms_refuse_change' AND NOT t.tgisinternal ORDER BY 1
"""


def grant(cursor: Any, app: str = "oms_app", read: str = "oms_read") -> list[str]:
    """Grant as owner; returns the ledgers. Quietly does nothing where the roles do not exist (one role only)."""
    cursor.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", [[app, read]])
    if cursor.fetchone()[0] < 2:
        return []
    cursor.execute(GRANT.format(app=app, read=read))
    cursor.execute(LEDGERS)
    ledgers = [row[0] for row in cursor.fetchall()]
    for table in ledgers:
        cursor.execute(f"REVOKE UPDATE, DELETE ON {table} FROM {app}")
    return ledgers


def script() -> str:
    """SQL for psql, as a superuser, on a server of one's own: roles with passwords asked for, then the database."""
    names = [line.split()[2].rstrip(";") for line in ROLES.split("\n") if line.startswith("CREATE ROLE")]
    return "\n".join([
        "-- Run once, as a superuser, with psql; it asks for a password for each role.",
        ROLES.strip(),
        *(f"\\password {name}" for name in names),
        DATABASE.strip().rstrip(";") + " TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8';",
    ])  # fmt: skip


if __name__ == "__main__":
    print(script())
