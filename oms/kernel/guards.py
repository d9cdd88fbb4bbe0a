"""SQL texts for guards in migrations: the database refuses the impossible, whoever asks (ENABLE ALWAYS)."""

from __future__ import annotations


def ledger(table: str) -> tuple[str, str]:
    """(sql, reverse) that makes a table append-only: no UPDATE, DELETE or TRUNCATE by any role.

    ENABLE ALWAYS keeps the guard with session_replication_role=replica; the grants of the app role are derived
    from the presence of this trigger.
    """
    sql = (
        f"CREATE TRIGGER {table}_ledger BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION oms_refuse_change();\n"
        f"CREATE TRIGGER {table}_ledger_truncate BEFORE TRUNCATE ON {table} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION oms_refuse_change();\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_ledger;\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_ledger_truncate;"
    )
    reverse = f"DROP TRIGGER {table}_ledger ON {table}; DROP TRIGGER {table}_ledger_truncate ON {table};"
    return sql, reverse


def trigger(table: str, name: str, timing: str, function: str, when: str = "") -> tuple[str, str]:
    """(sql, reverse) of a row trigger that fires always. `timing` e.g. "BEFORE UPDATE OF status"; `function` may have its arguments."""
    condition = f" WHEN ({when})" if when else ""
    call = function if function.endswith(")") else f"{function}()"
    sql = (
        f"CREATE TRIGGER {name} {timing} ON {table} FOR EACH ROW{condition} EXECUTE FUNCTION {call};\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};"
    )
    return sql, f"DROP TRIGGER {name} ON {table};"


def deferred(table: str, name: str, timing: str, function: str, when: str = "") -> tuple[str, str]:
    """(sql, reverse) of a constraint trigger checked at commit. `timing` e.g. "AFTER INSERT OR UPDATE"."""
    condition = f" WHEN ({when})" if when else ""
    sql = (
        f"CREATE CONSTRAINT TRIGGER {name} {timing} ON {table} DEFERRABLE INITIALLY DEFERRED "
        f"FOR EACH ROW{condition} EXECUTE FUNCTION {function}();\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};"
    )
    return sql, f"DROP TRIGGER {name} ON {table};"


def frozen(table: str, *free: str) -> tuple[str, str]:
    """(sql, reverse) that lets only the columns `free` of a table change, none without them; no row goes."""
    columns = ", ".join(f"'{column}'" for column in free or ("nothing",))  # a name that is no column stands for none
    return trigger(table, f"{table}_frozen", "BEFORE UPDATE OR DELETE", f"oms_only_changes({columns})")
