"""Policy versions are master data that never changes, not a ledger: frozen, without an event of their own."""

from django.db import migrations

from oms.kernel import guards

TABLES = ("orders_approvalpolicy", "orders_policyclass")


def backwards(pair: tuple[str, str]) -> tuple[str, str]:
    return pair[1], pair[0]


def frozen(table: str) -> tuple[str, str]:
    """No column may change; the name stands for none (without one the function would compare nothing)."""
    sql = (
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION oms_only_changes('nothing');\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_frozen;"
    )
    return sql, f"DROP TRIGGER {table}_frozen ON {table};"


class Migration(migrations.Migration):
    dependencies = [("orders", "0013_policies")]
    operations = [
        *[migrations.RunSQL(*backwards(guards.ledger(table))) for table in TABLES],
        *[migrations.RunSQL(*frozen(table)) for table in TABLES],
    ]
