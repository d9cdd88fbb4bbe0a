"""Guards of arrivals, discrepancies and returns: sums at every commit, status by its table, ledgers never rewritten."""

from django.db import migrations

from oms.kernel import guards
from orders.returns.lifecycle import RETURN

LEDGERS = (
    "orders_arrival", "orders_discrepancyclearing", "orders_returnreceipt", "orders_returndisposal", "orders_returnsettlement",
)  # fmt: skip
NUMBERS = "CREATE SEQUENCE orders_return_number; CREATE SEQUENCE orders_discrepancy_number;"
NO_NUMBERS = "DROP SEQUENCE orders_return_number; DROP SEQUENCE orders_discrepancy_number;"

# Shipments delivered before arrivals were kept: each line arrived whole, by its shipment's proof.
BEFORE = """
INSERT INTO orders_arrival (shipment_line_id, order_id, line_id, kind, quantity, day, proof, at, event_id)
SELECT sl.id, sl.order_id, sl.line_id, 'delivered', sl.quantity, s.delivered_date, s.delivery_proof, s.shipped_at, s.event_id
FROM orders_shipmentline sl JOIN orders_shipment s ON s.id = sl.shipment_id WHERE sl.posted AND s.status = 'delivered';
UPDATE orders_shipmentline sl SET delivered = sl.quantity FROM orders_shipment s
WHERE s.id = sl.shipment_id AND sl.posted AND s.status = 'delivered';
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
"""

COMPOSITE = """
ALTER TABLE orders_shipmentline ADD CONSTRAINT shipment_line_of_line UNIQUE (id, line_id);
ALTER TABLE orders_arrival ADD CONSTRAINT arrival_of_line FOREIGN KEY (shipment_line_id, line_id)
    REFERENCES orders_shipmentline (id, line_id);
ALTER TABLE orders_returnline
    ADD CONSTRAINT return_of_line FOREIGN KEY (order_id, line_id, product_id) REFERENCES orders_orderline (order_id, id, product_id),
    ADD CONSTRAINT return_of_shipment FOREIGN KEY (shipment_line_id, line_id) REFERENCES orders_shipmentline (id, line_id);
ALTER TABLE orders_returnreceipt ADD CONSTRAINT return_receipt_of_shipment FOREIGN KEY (shipment_line_id, line_id)
    REFERENCES orders_shipmentline (id, line_id);
"""
NOT_COMPOSITE = """
ALTER TABLE orders_returnreceipt DROP CONSTRAINT return_receipt_of_shipment;
ALTER TABLE orders_returnline DROP CONSTRAINT return_of_line, DROP CONSTRAINT return_of_shipment;
ALTER TABLE orders_arrival DROP CONSTRAINT arrival_of_line;
ALTER TABLE orders_shipmentline DROP CONSTRAINT shipment_line_of_line;
"""

ARRIVED = """
CREATE FUNCTION orders_check_arrived() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint;
    sums record;
    line record;
    key text := CASE TG_TABLE_NAME WHEN 'orders_orderline' THEN 'id' WHEN 'inventory_movement' THEN 'reference_line'
                ELSE 'line_id' END;
BEGIN
    FOR the_line IN SELECT orders_lines_of(to_jsonb(OLD), to_jsonb(NEW), key) LOOP
        SELECT quantity_delivered AS d, quantity_undelivered AS u, quantity_returned AS r INTO line
        FROM orders_orderline WHERE id = the_line;
        IF EXISTS (
            SELECT FROM orders_shipmentline sl LEFT JOIN (
                SELECT shipment_line_id, sum(quantity) FILTER (WHERE kind = 'delivered') AS d,
                       sum(quantity) FILTER (WHERE kind = 'undelivered') AS u FROM orders_arrival WHERE line_id = the_line GROUP BY 1
            ) a ON a.shipment_line_id = sl.id
            LEFT JOIN (SELECT shipment_line_id, sum(quantity) AS r FROM orders_returnreceipt WHERE line_id = the_line GROUP BY 1) b
                ON b.shipment_line_id = sl.id
            WHERE sl.line_id = the_line
                AND (sl.delivered, sl.undelivered, sl.returned) <> (coalesce(a.d, 0), coalesce(a.u, 0), coalesce(b.r, 0))
        ) THEN
            RAISE EXCEPTION 'line %: a shipment line and its arrivals or return receipts disagree', the_line
                USING ERRCODE = 'check_violation', CONSTRAINT = 'shipment_line_by_arrivals';
        END IF;
        SELECT coalesce(sum(delivered), 0) AS d, coalesce(sum(undelivered), 0) AS u, coalesce(sum(returned), 0) AS r INTO sums
        FROM orders_shipmentline WHERE line_id = the_line;
        IF (line.d, line.u) <> (sums.d, sums.u) THEN
            RAISE EXCEPTION 'line %: delivered or undelivered is not the sum of its shipment lines', the_line
                USING ERRCODE = 'check_violation', CONSTRAINT = 'line_delivered_by_arrivals';
        END IF;
        IF line.r <> sums.r OR line.r <> (SELECT coalesce(sum(quantity), 0) FROM inventory_movement
                                          WHERE reference_line = the_line AND kind = 'return') THEN
            RAISE EXCEPTION 'line %: returned, its receipts and its stock movements disagree', the_line
                USING ERRCODE = 'check_violation', CONSTRAINT = 'line_returned_by_receipts';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""
STATUS = f"""
CREATE FUNCTION orders_check_return_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.status END;
BEGIN
    IF (before, NEW.status) NOT IN ({RETURN.sql_values()}) THEN
        RAISE EXCEPTION 'return line %: % cannot become %', NEW.id, before, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'return_status_edge';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION orders_check_cleared() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_one bigint := CASE TG_TABLE_NAME WHEN 'orders_discrepancy' THEN (to_jsonb(NEW) ->> 'id')::bigint
                      ELSE (to_jsonb(NEW) ->> 'discrepancy_id')::bigint END;
BEGIN
    IF (SELECT cleared FROM orders_discrepancy WHERE id = the_one)
        <> (SELECT coalesce(sum(quantity), 0) FROM orders_discrepancyclearing WHERE discrepancy_id = the_one) THEN
        RAISE EXCEPTION 'discrepancy %: cleared is not the sum of its clearings', the_one
            USING ERRCODE = 'check_violation', CONSTRAINT = 'discrepancy_cleared_by_clearings';
    END IF;
    RETURN NULL;
END $$;
"""
NO_STATUS = "DROP FUNCTION orders_check_return_status(); DROP FUNCTION orders_check_cleared();"

CAME = "(NEW.quantity_delivered, NEW.quantity_undelivered, NEW.quantity_returned)"
TRIGGERS = [
    guards.deferred("orders_orderline", "line_arrived",
                    "AFTER UPDATE OF quantity_delivered, quantity_undelivered, quantity_returned", "orders_check_arrived",
                    when=f"{CAME} <> (OLD.quantity_delivered, OLD.quantity_undelivered, OLD.quantity_returned)"),
    guards.deferred("orders_orderline", "line_born_arrived", "AFTER INSERT", "orders_check_arrived", when=f"{CAME} <> (0, 0, 0)"),
    guards.deferred("orders_shipmentline", "shipment_line_arrived", "AFTER UPDATE", "orders_check_arrived",
                    when="(NEW.delivered, NEW.undelivered, NEW.returned) <> (OLD.delivered, OLD.undelivered, OLD.returned)"),
    guards.deferred("orders_shipmentline", "shipment_line_born_arrived", "AFTER INSERT", "orders_check_arrived",
                    when="(NEW.delivered, NEW.undelivered, NEW.returned) <> (0, 0, 0)"),
    guards.deferred("orders_arrival", "arrival_sum", "AFTER INSERT", "orders_check_arrived"),
    guards.deferred("orders_returnreceipt", "return_receipt_sum", "AFTER INSERT", "orders_check_arrived"),
    guards.deferred("inventory_movement", "movement_return_sum", "AFTER INSERT", "orders_check_arrived",
                    when="NEW.kind = 'return' AND NEW.reference_line IS NOT NULL"),
    guards.trigger("orders_returnline", "return_status_edge", "BEFORE UPDATE OF status", "orders_check_return_status",
                   when="OLD.status IS DISTINCT FROM NEW.status"),
    guards.trigger("orders_returnline", "return_born_requested", "BEFORE INSERT", "orders_check_return_status",
                   when="NEW.status <> 'requested'"),
    guards.deferred("orders_discrepancy", "discrepancy_cleared_by_clearings", "AFTER INSERT OR UPDATE", "orders_check_cleared"),
    guards.deferred("orders_discrepancyclearing", "clearing_sum", "AFTER INSERT", "orders_check_cleared"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("orders", "0007_returns"), ("inventory", "0004_returns")]
    operations = [
        migrations.RunSQL(NUMBERS, NO_NUMBERS),
        migrations.RunSQL(BEFORE, migrations.RunSQL.noop),
        migrations.RunSQL(COMPOSITE, NOT_COMPOSITE),
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
        migrations.RunSQL(ARRIVED, "DROP FUNCTION orders_check_arrived()"),
        migrations.RunSQL(STATUS, NO_STATUS),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
    ]
