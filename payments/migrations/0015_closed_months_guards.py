"""Nothing is posted into a closed month, whoever asks; what was closed stays on record.

Postings share an advisory lock until they commit; closing takes it alone, so that no posting under way slips in behind it.
"""

from django.db import migrations

DATED = {
    "payments_receivableentry": "posted_date", "payments_invoice": "invoice_date", "payments_creditnote": "credit_date",
    "payments_refund": "refund_date", "payments_application": "value_date", "payments_creditapplication": "value_date",
}  # fmt: skip

FUNCTIONS = """
CREATE FUNCTION payments_first_open_day() RETURNS date LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7192001);
    RETURN (SELECT (max(month) + interval '1 month')::date FROM payments_closedmonth WHERE reopened_at IS NULL);
END $$;
CREATE FUNCTION payments_closing_alone() RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(7192001);
    RETURN clock_timestamp();
END $$;
CREATE FUNCTION payments_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first date := payments_first_open_day();
BEGIN
    IF first IS NOT NULL AND (to_jsonb(NEW) ->> TG_ARGV[0])::date < first THEN
        RAISE EXCEPTION '%: the month of % is closed', TG_TABLE_NAME, to_jsonb(NEW) ->> TG_ARGV[0]
            USING ERRCODE = 'check_violation', CONSTRAINT = 'month_closed';
    END IF;
    RETURN NEW;
END $$;
"""
NO_FUNCTIONS = """
DROP FUNCTION payments_refuse_closed();
DROP FUNCTION payments_closing_alone();
DROP FUNCTION payments_first_open_day();
"""


def dated(table: str, column: str) -> tuple[str, str]:
    return (
        f"CREATE TRIGGER {table}_open_month BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION payments_refuse_closed('{column}');\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_open_month;",
        f"DROP TRIGGER {table}_open_month ON {table};",
    )


FROZEN = (
    "CREATE TRIGGER payments_closedmonth_frozen BEFORE UPDATE OR DELETE ON payments_closedmonth "
    "FOR EACH ROW EXECUTE FUNCTION oms_only_changes('reopened_by_id', 'reopened_at', 'reopened_reason');\n"
    "ALTER TABLE payments_closedmonth ENABLE ALWAYS TRIGGER payments_closedmonth_frozen;",
    "DROP TRIGGER payments_closedmonth_frozen ON payments_closedmonth;",
)


class Migration(migrations.Migration):
    dependencies = [("payments", "0014_closed_months")]
    operations = [
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        *[migrations.RunSQL(*dated(table, column)) for table, column in DATED.items()],
        migrations.RunSQL(*FROZEN),
    ]
