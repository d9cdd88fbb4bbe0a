"""What came ahead for an order is what its deposits say; a pro forma is frozen but for what was paid on it."""

from django.db import migrations

from oms.kernel import guards

LEDGERS = ("payments_proformaline", "payments_deposit")

COMPOSITE = """
ALTER TABLE payments_deposit
    ADD CONSTRAINT deposit_of_payment FOREIGN KEY (payment_id, account_id, currency_id)
        REFERENCES payments_payment (id, account_id, currency_id),
    ADD CONSTRAINT deposit_of_pro_forma FOREIGN KEY (pro_forma_id, account_id, currency_id)
        REFERENCES payments_proforma (id, account_id, currency_id);
ALTER TABLE payments_proforma
    ADD CONSTRAINT pro_forma_in_account_currency FOREIGN KEY (account_id, currency_id)
        REFERENCES payments_creditaccount (id, currency_id);
"""
NOT_COMPOSITE = """
ALTER TABLE payments_deposit DROP CONSTRAINT deposit_of_payment, DROP CONSTRAINT deposit_of_pro_forma;
ALTER TABLE payments_proforma DROP CONSTRAINT pro_forma_in_account_currency;
"""

SUMS = """
CREATE FUNCTION payments_check_tagged(the_payment bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT tagged FROM payments_payment WHERE id = the_payment)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_deposit WHERE payment_id = the_payment) THEN
        RAISE EXCEPTION 'payment %: tagged is not the sum of its deposits', the_payment
            USING ERRCODE = 'check_violation', CONSTRAINT = 'payment_tagged_by_ledger';
    END IF;
END $$;
CREATE FUNCTION payments_check_paid_ahead(the_pro_forma bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT paid FROM payments_proforma WHERE id = the_pro_forma)
        <> (SELECT coalesce(sum(amount), 0) FROM payments_deposit WHERE pro_forma_id = the_pro_forma AND NOT used) THEN
        RAISE EXCEPTION 'pro forma %: paid is not the sum of its deposits', the_pro_forma
            USING ERRCODE = 'check_violation', CONSTRAINT = 'pro_forma_paid_by_ledger';
    END IF;
END $$;
CREATE FUNCTION payments_check_deposit_sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'payments_deposit' THEN
        PERFORM payments_check_tagged(NEW.payment_id);
        PERFORM payments_check_paid_ahead(NEW.pro_forma_id);
    ELSIF TG_TABLE_NAME = 'payments_payment' THEN
        PERFORM payments_check_tagged(NEW.id);
    ELSE
        PERFORM payments_check_paid_ahead(NEW.id);
    END IF;
    RETURN NULL;
END $$;
"""
NO_SUMS = """
DROP FUNCTION payments_check_deposit_sums();
DROP FUNCTION payments_check_paid_ahead(bigint);
DROP FUNCTION payments_check_tagged(bigint);
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
    dependencies = [("payments", "0012_prepayment")]
    operations = [
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
        migrations.RunSQL(*frozen("payments_proforma", ("paid", "withdrawn"))),
        migrations.RunSQL(*frozen_again("payments_payment", ("applied", "refunded", "clearing"), ("applied", "refunded", "tagged", "clearing"))),
        migrations.RunSQL(COMPOSITE, NOT_COMPOSITE),
        migrations.RunSQL(SUMS, NO_SUMS),
        migrations.RunSQL(*guards.deferred("payments_deposit", "deposit_sums", "AFTER INSERT", "payments_check_deposit_sums")),
        migrations.RunSQL(*guards.deferred("payments_payment", "payment_tagged_sums", "AFTER INSERT OR UPDATE OF tagged", "payments_check_deposit_sums")),
        migrations.RunSQL(*guards.deferred("payments_proforma", "pro_forma_sums", "AFTER UPDATE OF paid", "payments_check_deposit_sums")),
    ]
