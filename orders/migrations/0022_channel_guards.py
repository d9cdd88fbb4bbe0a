"""Guards of channels: what arrived and what we answered never changes; a message's state moves by its table only."""

from django.db import migrations

from oms.kernel import guards
from orders.channels.lifecycle import MESSAGE

NUMBERS = "CREATE SEQUENCE orders_message_number; CREATE SEQUENCE orders_reply_number; CREATE SEQUENCE orders_reply_control;"
NO_NUMBERS = "DROP SEQUENCE orders_message_number; DROP SEQUENCE orders_reply_number; DROP SEQUENCE orders_reply_control;"

STATE = f"""
CREATE FUNCTION orders_check_message_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.state END;
BEGIN
    IF (before, NEW.state) NOT IN ({MESSAGE.sql_values()}) THEN
        RAISE EXCEPTION 'a message cannot go from % to %', before, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'message_state_edge';
    END IF;
    RETURN NEW;
END $$;
"""


def frozen(table: str, *columns: str) -> tuple[str, str]:
    """Only these columns may change (a name that is no column stands for none); no row goes."""
    free = ", ".join(f"'{column}'" for column in columns or ("nothing",))
    sql = (
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION oms_only_changes({free});\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_frozen;"
    )
    return sql, f"DROP TRIGGER {table}_frozen ON {table};"


MESSAGE_CHANGES = ("state", "external_id", "content_hash", "corrections", "waived", "findings", "note", "order_id", "changed_at", "version")


class Migration(migrations.Migration):
    dependencies = [("orders", "0021_channels")]
    operations = [
        migrations.RunSQL(NUMBERS, NO_NUMBERS),
        migrations.RunSQL(STATE, "DROP FUNCTION orders_check_message_state()"),
        migrations.RunSQL(*guards.trigger("orders_message", "message_state_edge", "BEFORE UPDATE OF state", "orders_check_message_state",
                                          when="OLD.state IS DISTINCT FROM NEW.state")),
        migrations.RunSQL(*guards.trigger("orders_message", "message_born", "BEFORE INSERT", "orders_check_message_state")),
        migrations.RunSQL(*frozen("orders_transmission")),
        migrations.RunSQL(*frozen("orders_message", *MESSAGE_CHANGES)),
        migrations.RunSQL(*frozen("orders_reply", "taken_at")),
    ]  # fmt: skip
