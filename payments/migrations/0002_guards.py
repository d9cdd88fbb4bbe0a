"""Money's guards: documents are frozen, ledgers append-only, and what is applied is the sum of its applications."""

from django.db import migrations

from oms.kernel import guards

LEDGERS = (
    "payments_creditentry",
    "payments_invoiceline",
    "payments_invoicetax",
    "payments_receivableentry",
    "payments_application",
    "payments_bankstatement",
)

# Documents of which only these columns ever move.
FROZEN = {
    "payments_invoice": ("applied", "credited"),
    "payments_payment": ("applied", "clearing"),
    "payments_bankline": ("matched",),
}

COMPOSITE = """
ALTER TABLE payments_application
    ADD CONSTRAINT application_of_payment FOREIGN KEY (payment_id, account_id, currency_id)
        REFERENCES payments_payment (id, account_id, currency_id),
    ADD CONSTRAINT application_of_invoice FOREIGN KEY (invoice_id, account_id, currency_id)
        REFERENCES payments_invoice (id, account_id, currency_id);
ALTER TABLE payments_payment
    ADD CONSTRAINT payment_in_account_currency FOREIGN KEY (account_id, currency_id)
        REFERENCES payments_creditaccount (id, currency_id);
ALTER TABLE payments_invoice
    ADD CONSTRAINT invoice_in_account_currency FOREIGN KEY (account_id, currency_id)
        REFERENCES payments_creditaccount (id, currency_id);
"""
NOT_COMPOSITE = """
ALTER TABLE payments_application DROP CONSTRAINT application_of_payment, DROP CONSTRAINT application_of_invoice;
ALTER TABLE payments_payment DROP CONSTRAINT payment_in_account_currency;
ALTER TABLE payments_invoice DROP CONSTRAINT invoice_in_account_currency;
"""

SUMS = """
CREATE FUNCTION payments_check_payment_sum(the_payment bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT applied FROM payments_payment WHERE id = the_payment)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_application WHERE payment_id = the_payment) THEN
        RAISE EXCEPTION 'payment %: applied is not the sum of its applications', the_payment
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_applied_by_ledger';
    END IF;
END $$;
CREATE FUNCTION payments_check_invoice_sum(the_invoice bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT applied FROM payments_invoice WHERE id = the_invoice)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_application WHERE invoice_id = the_invoice) THEN
        RAISE EXCEPTION 'invoice %: applied is not the sum of its applications', the_invoice
            USING ERRCODE = 'check_violation', CONSTRAINT = 'invoice_applied_by_ledger';
    END IF;
END $$;
CREATE FUNCTION payments_check_bank_line_sum(the_line bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT matched FROM payments_bankline WHERE id = the_line)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_payment
            WHERE bank_line_id = the_line AND clearing <> 'reversed') THEN
        RAISE EXCEPTION 'bank line %: matched is not the sum of its payments', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'bank_line_matched_by_payments';
    END IF;
END $$;
CREATE FUNCTION payments_check_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'payments_application' THEN
        PERFORM payments_check_payment_sum(NEW.payment_id);
        PERFORM payments_check_invoice_sum(NEW.invoice_id);
    ELSIF TG_TABLE_NAME = 'payments_payment' THEN
        PERFORM payments_check_payment_sum(NEW.id);
        PERFORM payments_check_bank_line_sum(NEW.bank_line_id);
    ELSIF TG_TABLE_NAME = 'payments_invoice' THEN
        PERFORM payments_check_invoice_sum(NEW.id);
    ELSE
        PERFORM payments_check_bank_line_sum(NEW.id);
    END IF;
    RETURN NULL;
END $$;
"""
NO_SUMS = """
DROP FUNCTION payments_check_sums();
DROP FUNCTION payments_check_bank_line_sum(bigint);
DROP FUNCTION payments_check_invoice_sum(bigint);
DROP FUNCTION payments_check_payment_sum(bigint);
"""


def frozen(table: str, columns: tuple[str, ...]) -> tuple[str, str]:
    arguments = ", ".join(f"'{c}'" for c in columns)
    return (
        f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION oms_only_changes({arguments});\n"
        f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_frozen;",
        f"DROP TRIGGER {table}_frozen ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("payments", "0001_initial"), ("oms", "0002_guards")]
    operations = [
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
        *[migrations.RunSQL(*frozen(table, columns)) for table, columns in FROZEN.items()],
        migrations.RunSQL(COMPOSITE, NOT_COMPOSITE),
        migrations.RunSQL(SUMS, NO_SUMS),
        migrations.RunSQL(
            *guards.deferred("payments_application", "application_sums", "AFTER INSERT", "payments_check_sums")
        ),
        migrations.RunSQL(
            *guards.deferred(
                "payments_payment", "payment_sums", "AFTER INSERT OR UPDATE", "payments_check_sums"
            )
        ),
        migrations.RunSQL(
            *guards.deferred(
                "payments_invoice", "invoice_sums", "AFTER UPDATE OF applied", "payments_check_sums"
            )
        ),
        migrations.RunSQL(
            *guards.deferred(
                "payments_bankline", "bank_line_sums", "AFTER UPDATE OF matched", "payments_check_sums"
            )
        ),
    ]
