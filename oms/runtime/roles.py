"""What each database role may do, derived from the catalog after every migration.

The app role serves: it reads and writes rows, never truncates, and may not change or delete rows of ledgers; a ledger is
a table that carries the trigger function `oms_refuse_change`. The read role reads. One role alone: nothing to grant.
"""

from __future__ import annotations

from typing import Any

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
