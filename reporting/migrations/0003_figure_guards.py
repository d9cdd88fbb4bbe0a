"""Figures of a closed month never change; closed months and their tree are append-only. Plain SQL, ENABLE ALWAYS, with reverse."""

from django.db import migrations

from oms.kernel import guards

FROZEN = """
CREATE FUNCTION reporting_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last_closed date := (SELECT max(month) FROM reporting_closedperiod);
BEGIN
    IF (TG_OP <> 'INSERT' AND OLD.period <= last_closed) OR (TG_OP <> 'DELETE' AND NEW.period <= last_closed) THEN
        RAISE EXCEPTION 'figures of % are closed: % refused', last_closed, TG_OP
            USING ERRCODE = 'check_violation', CONSTRAINT = 'figure_of_closed_period';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$;
"""
LEDGERS = ("reporting_closedperiod", "reporting_closedperiodplace")


class Migration(migrations.Migration):
    dependencies = [("reporting", "0002_figures"), ("oms", "0002_guards")]
    operations = [
        migrations.RunSQL(FROZEN, "DROP FUNCTION reporting_refuse_closed()"),
        migrations.RunSQL(*guards.trigger("reporting_figure", "figure_open", "BEFORE INSERT OR UPDATE OR DELETE", "reporting_refuse_closed")),
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
    ]
