"""Credit notes are frozen but for what is used of them; what settles an invoice is the sum of its ledgers' rows."""

from django.db import migrations

from oms.kernel import guards

LEDGERS = ("payments_creditnoteline", "payments_creditapplication", "payments_refund")
FROZEN = {"payments_creditnote": ("applied", "refunded", "undone")}
AGAIN = {
    "payments_invoice": (("applied", "credited"), ("applied", "credited", "noted", "cancelled")),
    "payments_payment": (("applied", "clearing"), ("applied", "refunded", "clearing")),
}

COMPOSITE = """
ALTER TABLE payments_creditapplication
    ADD CONSTRAINT credit_application_of_note FOREIGN KEY (credit_note_id, account_id, currency_id)
        REFERENCES payments_creditnote (id, account_id, currency_id),
    ADD CONSTRAINT credit_application_of_invoice FOREIGN KEY (invoice_id, account_id, currency_id)
        REFERENCES payments_invoice (id, account_id, currency_id);
"""
NOT_COMPOSITE = """
ALTER TABLE payments_creditapplication
    DROP CONSTRAINT credit_application_of_note, DROP CONSTRAINT credit_application_of_invoice;
"""

SUMS = """
CREATE FUNCTION payments_check_credited(the_invoice bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT credited FROM payments_invoice WHERE id = the_invoice)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_creditapplication WHERE invoice_id = the_invoice) THEN
        RAISE EXCEPTION 'invoice %: credited is not the sum of its credit applications', the_invoice
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_credited_by_ledger';
    END IF;
    IF (SELECT noted FROM payments_invoice WHERE id = the_invoice)
        <> (SELECT coalesce(sum(total), 0) FROM payments_creditnote WHERE invoice_id = the_invoice AND NOT undone) THEN
        RAISE EXCEPTION 'invoice %: noted is not the sum of its credit notes', the_invoice
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_noted_by_notes';
    END IF;
END $$;
CREATE FUNCTION payments_check_note_sum(the_note bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT applied FROM payments_creditnote WHERE id = the_note)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_creditapplication WHERE credit_note_id = the_note) THEN
        RAISE EXCEPTION 'credit note %: applied is not the sum of its applications', the_note
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_note_applied_by_ledger';
    END IF;
    IF (SELECT refunded FROM payments_creditnote WHERE id = the_note)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_refund WHERE credit_note_id = the_note) THEN
        RAISE EXCEPTION 'credit note %: refunded is not the sum of its refunds', the_note
            USING ERRCODE = 'check_violation', CONSTRAINT = 'credit_note_refunded_by_ledger';
    END IF;
END $$;
CREATE FUNCTION payments_check_credit_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'payments_creditapplication' THEN
        PERFORM payments_check_note_sum(NEW.credit_note_id);
        PERFORM payments_check_credited(NEW.invoice_id);
    ELSIF TG_TABLE_NAME = 'payments_creditnote' THEN
        PERFORM payments_check_note_sum(NEW.id);
        PERFORM payments_check_credited(NEW.invoice_id);
    ELSIF TG_TABLE_NAME = 'payments_refund' THEN
        IF NEW.credit_note_id IS NOT NULL THEN
            PERFORM payments_check_note_sum(NEW.credit_note_id);
        ELSIF (SELECT refunded FROM payments_payment WHERE id = NEW.payment_id)
            <> (SELECT coalesce(sum(amount), 0) FROM payments_refund WHERE payment_id = NEW.payment_id) THEN
            RAISE EXCEPTION 'payment %: refunded is not the sum of its refunds', NEW.payment_id
                USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_refunded_by_ledger';
        END IF;
    ELSE
        PERFORM payments_check_credited(NEW.id);
    END IF;
    RETURN NULL;
END $$;
"""
NO_SUMS = """
DROP FUNCTION payments_check_credit_sums();
DROP FUNCTION payments_check_note_sum(bigint);
DROP FUNCTION payments_check_credited(bigint);
"""


def frozen(table: str, columns: tuple[str, ...]) -> tuple[str, str]:
    arguments = ", ".join(f"'{c}'" for c in columns)
    return (
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION oms_only_changes({arguments});\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_frozen;",
        f"DROP TRIGGER {table}_frozen ON {table};",
    )


def frozen_again(table: str, before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, str]:
    old, new = frozen(table, before), frozen(table, after)
    return f"{old[1]}\n{new[0]}", f"{new[1]}\n{old[0]}"


class Migration(migrations.Migration):
    dependencies = [("payments", "0006_credit_notes")]
    operations = [
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
        *[migrations.RunSQL(*frozen(table, columns)) for table, columns in FROZEN.items()],
        *[migrations.RunSQL(*frozen_again(table, *columns)) for table, columns in AGAIN.items()],
        migrations.RunSQL(COMPOSITE, NOT_COMPOSITE),
        migrations.RunSQL(SUMS, NO_SUMS),
        migrations.RunSQL(
            *guards.deferred("payments_creditapplication", "credit_application_sums", "AFTER INSERT", "payments_check_credit_sums")
        ),
        migrations.RunSQL(
            *guards.deferred("payments_creditnote", "credit_note_sums", "AFTER INSERT OR UPDATE", "payments_check_credit_sums")
        ),
        migrations.RunSQL(*guards.deferred("payments_refund", "refund_sums", "AFTER INSERT", "payments_check_credit_sums")),
        migrations.RunSQL(
            *guards.deferred("payments_invoice", "invoice_credit_sums", "AFTER UPDATE OF credited, noted", "payments_check_credit_sums")
        ),
    ]
