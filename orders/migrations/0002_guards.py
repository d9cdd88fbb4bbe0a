"""The order's guards: status by table, approved by decisions, issued by shipments, nothing by hand."""

from django.db import migrations

from oms.kernel import guards
from orders.book.lifecycle import ORDER
from orders.fulfilment.lifecycle import SHIPMENT

LEDGERS = ("orders_ordertransition", "orders_approval", "orders_approvalline", "orders_promise", "orders_orderpayload")

NUMBERS = "CREATE SEQUENCE orders_order_number; CREATE SEQUENCE orders_plan_version; CREATE SEQUENCE orders_shipment_number;"
NO_NUMBERS = "DROP SEQUENCE orders_order_number; DROP SEQUENCE orders_plan_version; DROP SEQUENCE orders_shipment_number;"

STATUS = f"""
CREATE FUNCTION orders_check_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN ({ORDER.sql_values()}) THEN
        RAISE EXCEPTION 'order %: % cannot become %', NEW.number, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_status_edge';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION orders_check_history() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_order bigint;
    holes int;
    last_target text;
BEGIN
    IF TG_TABLE_NAME = 'orders_order' THEN the_order := NEW.id; ELSE the_order := NEW.order_id; END IF;
    SELECT count(*) FILTER (WHERE source <> before OR (before, target) NOT IN ({ORDER.sql_values()})),
           max(target) FILTER (WHERE position = total)
    INTO holes, last_target
    FROM (SELECT source, target, coalesce(lag(target) OVER w, '') AS before, row_number() OVER w AS position,
                 count(*) OVER () AS total
          FROM orders_ordertransition WHERE order_id = the_order WINDOW w AS (ORDER BY id)) AS t;
    IF holes > 0 OR last_target IS DISTINCT FROM (SELECT status FROM orders_order WHERE id = the_order) THEN
        RAISE EXCEPTION 'order %: its status and its history disagree', the_order
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_status_history';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION orders_check_shipment_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN ({SHIPMENT.sql_values()}) THEN
        RAISE EXCEPTION 'shipment %: % cannot become %', NEW.number, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shipment_status_edge';
    END IF;
    RETURN NEW;
END $$;
"""
NO_STATUS = """
DROP FUNCTION orders_check_status(); DROP FUNCTION orders_check_history(); DROP FUNCTION orders_check_shipment_status();
"""

QUANTITIES = """
CREATE FUNCTION orders_check_ordered() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT status FROM orders_order WHERE id = NEW.order_id) <> 'draft' THEN
        RAISE EXCEPTION 'line %: ordered never changes after submission', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_ordered_fixed';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION orders_check_approved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint;
BEGIN
    IF TG_TABLE_NAME = 'orders_orderline' THEN the_line := NEW.id; ELSE the_line := NEW.line_id; END IF;
    IF (SELECT quantity_approved FROM orders_orderline WHERE id = the_line)
        <> (SELECT coalesce(sum(approved), 0) FROM orders_approvalline WHERE line_id = the_line) THEN
        RAISE EXCEPTION 'line %: approved is not the sum of its decisions', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_approved_by_decision';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION orders_check_allocated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint;
BEGIN
    IF TG_TABLE_NAME = 'orders_orderline' THEN the_line := NEW.id; ELSE the_line := NEW.line_id; END IF;
    IF (SELECT quantity_allocated FROM orders_orderline WHERE id = the_line)
        <> (SELECT coalesce(sum(quantity - shipped - released), 0) FROM orders_allocation WHERE line_id = the_line) THEN
        RAISE EXCEPTION 'line %: allocated is not the sum of its live allocations', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_allocated_by_allocations';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION orders_check_shipped() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint;
    shipped bigint;
BEGIN
    IF TG_TABLE_NAME = 'orders_orderline' THEN the_line := NEW.id;
    ELSIF TG_TABLE_NAME = 'inventory_movement' THEN the_line := NEW.reference_line;
    ELSE the_line := NEW.line_id; END IF;
    SELECT quantity_shipped INTO shipped FROM orders_orderline WHERE id = the_line;
    IF shipped <> (SELECT coalesce(sum(quantity), 0) FROM orders_shipmentline WHERE line_id = the_line AND posted)
        OR shipped <> (SELECT coalesce(-sum(quantity), 0) FROM inventory_movement
                       WHERE reference_line = the_line AND kind IN ('issue', 'issue_reversal')) THEN
        RAISE EXCEPTION 'line %: shipped, its shipment lines and its issues disagree', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'line_shipped_by_issues';
    END IF;
    RETURN NULL;
END $$;
"""
NO_QUANTITIES = """
DROP FUNCTION orders_check_ordered(); DROP FUNCTION orders_check_approved();
DROP FUNCTION orders_check_allocated(); DROP FUNCTION orders_check_shipped();
"""

# The walls between documents. The last one stands on inventory's ledger, which does not know orders in Python:
# an issue must name a line of that order and product.
COMPOSITE = """
ALTER TABLE orders_order
    ADD CONSTRAINT order_ships_to_customer FOREIGN KEY (customer_id, ship_to_id)
        REFERENCES customers_address (customer_id, id);
ALTER TABLE orders_approval
    ADD CONSTRAINT approval_actors FOREIGN KEY (order_id, entered_by_id, submitted_by_id)
        REFERENCES orders_order (id, entered_by_id, submitted_by_id),
    ADD CONSTRAINT approval_not_amender CHECK (by_id IS NULL OR by_id <> ALL (amended_by));
ALTER TABLE orders_scheduleline
    ADD CONSTRAINT schedule_of_line FOREIGN KEY (order_id, line_id, product_id)
        REFERENCES orders_orderline (order_id, id, product_id);
ALTER TABLE orders_shipmentline
    ADD CONSTRAINT shipment_of_line FOREIGN KEY (order_id, line_id, product_id)
        REFERENCES orders_orderline (order_id, id, product_id);
ALTER TABLE inventory_movement
    ADD CONSTRAINT movement_of_line FOREIGN KEY (reference_order, reference_line, product_id)
        REFERENCES orders_orderline (order_id, id, product_id) DEFERRABLE INITIALLY IMMEDIATE;
"""
NO_COMPOSITE = """
ALTER TABLE inventory_movement DROP CONSTRAINT movement_of_line;
ALTER TABLE orders_shipmentline DROP CONSTRAINT shipment_of_line;
ALTER TABLE orders_scheduleline DROP CONSTRAINT schedule_of_line;
ALTER TABLE orders_approval DROP CONSTRAINT approval_actors, DROP CONSTRAINT approval_not_amender;
ALTER TABLE orders_order DROP CONSTRAINT order_ships_to_customer;
"""

STAMP_TABLES = ("orders_lane", "inventory_storagelocation", "oms_calendar", "oms_calendarday")
STAMP = """
CREATE SEQUENCE orders_lane_stamps;
INSERT INTO orders_lanestamp (id, value) VALUES (1, nextval('orders_lane_stamps'));
CREATE FUNCTION orders_move_lane_stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A sequence, not value + 1: a value that was rolled back must never come again with other lanes.
    UPDATE orders_lanestamp SET value = nextval('orders_lane_stamps');
    RETURN NULL;
END $$;
""" + "".join(
    f"CREATE TRIGGER {table}_stamp AFTER INSERT OR UPDATE OR DELETE ON {table} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION orders_move_lane_stamp();\n"
    f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_stamp;\n"
    for table in STAMP_TABLES
)
NO_STAMP = (
    "".join(f"DROP TRIGGER {table}_stamp ON {table};\n" for table in STAMP_TABLES)
    + "DROP FUNCTION orders_move_lane_stamp(); DELETE FROM orders_lanestamp; DROP SEQUENCE orders_lane_stamps;"
)

TRIGGERS = [
    guards.trigger("orders_order", "order_status_edge", "BEFORE UPDATE OF status", "orders_check_status",
                   when="OLD.status IS DISTINCT FROM NEW.status"),
    guards.deferred("orders_order", "order_status_history", "AFTER INSERT OR UPDATE OF status", "orders_check_history"),
    guards.deferred("orders_ordertransition", "transition_history", "AFTER INSERT", "orders_check_history"),
    guards.trigger("orders_shipment", "shipment_status_edge", "BEFORE UPDATE OF status", "orders_check_shipment_status",
                   when="OLD.status IS DISTINCT FROM NEW.status"),
    guards.trigger("orders_orderline", "line_ordered_fixed", "BEFORE UPDATE OF quantity_ordered",
                   "orders_check_ordered", when="OLD.quantity_ordered <> NEW.quantity_ordered"),
    guards.deferred("orders_orderline", "line_born_approved", "AFTER INSERT", "orders_check_approved",
                    when="NEW.quantity_approved <> 0"),
    guards.deferred("orders_orderline", "line_approved", "AFTER UPDATE OF quantity_approved", "orders_check_approved",
                    when="OLD.quantity_approved <> NEW.quantity_approved"),
    guards.deferred("orders_approvalline", "approval_line_sum", "AFTER INSERT", "orders_check_approved"),
    guards.deferred("orders_orderline", "line_allocated", "AFTER UPDATE OF quantity_allocated",
                    "orders_check_allocated", when="OLD.quantity_allocated <> NEW.quantity_allocated"),
    guards.deferred("orders_allocation", "allocation_sum", "AFTER INSERT OR UPDATE", "orders_check_allocated"),
    guards.deferred("orders_orderline", "line_shipped", "AFTER UPDATE OF quantity_shipped", "orders_check_shipped",
                    when="OLD.quantity_shipped <> NEW.quantity_shipped"),
    guards.deferred("orders_shipmentline", "shipment_line_sum", "AFTER INSERT OR UPDATE", "orders_check_shipped",
                    when="NEW.posted"),
    guards.deferred("inventory_movement", "movement_issue_sum", "AFTER INSERT", "orders_check_shipped",
                    when="NEW.kind IN ('issue', 'issue_reversal')"),
]


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0001_initial"),
        ("oms", "0002_guards"),
        ("customers", "0002_initial"),
        ("inventory", "0003_guards"),
    ]
    operations = [
        migrations.RunSQL(NUMBERS, NO_NUMBERS),
        *[migrations.RunSQL(*guards.ledger(table)) for table in LEDGERS],
        migrations.RunSQL(STATUS, NO_STATUS),
        migrations.RunSQL(QUANTITIES, NO_QUANTITIES),
        migrations.RunSQL(COMPOSITE, NO_COMPOSITE),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
        migrations.RunSQL(STAMP, NO_STAMP),
    ]
