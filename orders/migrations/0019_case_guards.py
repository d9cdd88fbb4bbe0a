"""Guards of cases: status by its table, what a case is tied to belongs together, and numbers."""

from django.db import migrations

from oms.kernel import guards
from orders.service.lifecycle import CASE

NUMBERS, NO_NUMBERS = "CREATE SEQUENCE orders_case_number", "DROP SEQUENCE orders_case_number"

CHECKS = f"""
CREATE FUNCTION orders_check_case_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.status END;
BEGIN
    IF (before, NEW.status) NOT IN ({CASE.sql_values()}) THEN
        RAISE EXCEPTION 'case %: % cannot become %', NEW.number, before, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_status_edge';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION orders_check_case_ties() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM orders_order o WHERE o.id = NEW.order_id AND o.customer_id <> NEW.customer_id)
       OR EXISTS (SELECT FROM orders_orderline l WHERE l.id = NEW.line_id AND l.order_id <> NEW.order_id)
       OR EXISTS (SELECT FROM orders_shipment s WHERE s.id = NEW.shipment_id AND s.order_id IS DISTINCT FROM NEW.order_id)
       OR EXISTS (SELECT FROM payments_invoice i WHERE i.id = NEW.invoice_id AND i.customer_id <> NEW.customer_id)
       OR EXISTS (SELECT FROM orders_case c WHERE c.id = NEW.merged_into_id AND c.customer_id <> NEW.customer_id) THEN
        RAISE EXCEPTION 'case %: what it is tied to does not belong together', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'case_ties_together';
    END IF;
    RETURN NEW;
END $$;
"""
NO_CHECKS = "DROP FUNCTION orders_check_case_status(); DROP FUNCTION orders_check_case_ties();"
TRIGGERS = [
    guards.trigger("orders_case", "case_status_edge", "BEFORE UPDATE OF status", "orders_check_case_status", when="OLD.status IS DISTINCT FROM NEW.status"),
    guards.trigger("orders_case", "case_born_open", "BEFORE INSERT", "orders_check_case_status", when="NEW.status <> 'open'"),
    guards.trigger("orders_case", "case_ties_together", "BEFORE INSERT OR UPDATE OF customer_id, order_id, line_id, shipment_id, invoice_id, merged_into_id",
                   "orders_check_case_ties"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("orders", "0018_cases"), ("oms", "0002_guards")]
    operations = [
        migrations.RunSQL(NUMBERS, NO_NUMBERS),
        migrations.RunSQL(CHECKS, NO_CHECKS),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
    ]
