"""Guards everybody uses, and the ledgers of this app. Plain SQL, ENABLE ALWAYS, with reverse."""

from django.db import migrations

from oms.kernel import guards

REFUSE_CHANGE = """
CREATE FUNCTION oms_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_append_only';
END $$;
"""

# Arguments: the columns that may change. Everything else, and deletion, is refused.
ONLY_CHANGES = """
CREATE FUNCTION oms_only_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (to_jsonb(NEW) - TG_ARGV::text[]) IS DISTINCT FROM (to_jsonb(OLD) - TG_ARGV::text[]) THEN
        RAISE EXCEPTION '% is a document: only % may change', TG_TABLE_NAME, TG_ARGV
            USING ERRCODE = 'check_violation', CONSTRAINT = TG_TABLE_NAME || '_frozen';
    END IF;
    RETURN NEW;
END $$;
"""

SYSTEM_USER = """
INSERT INTO oms_user (username, first_name, last_name, email, password, is_superuser, is_staff, is_active, date_joined,
                      roles, is_system, language)
VALUES ('system', '', 'System', '', '!', false, false, true, now(), '{}', true, '');
"""

LEDGERS = ("oms_event", "oms_eventsubject", "oms_seal")


class Migration(migrations.Migration):
    dependencies = [("oms", "0001_initial")]
    operations = [
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION oms_refuse_change()"),
        migrations.RunSQL(ONLY_CHANGES, "DROP FUNCTION oms_only_changes()"),
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
        migrations.RunSQL(SYSTEM_USER, "DELETE FROM oms_user WHERE username = 'system'"),
    ]
