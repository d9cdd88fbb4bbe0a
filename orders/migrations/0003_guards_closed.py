"""Ways around the order's guards, closed: rows taken away or moved, lines and shipments born in the middle, actors rewritten."""

from django.db import migrations

from oms.kernel import guards
from orders.fulfilment.lifecycle import SHIPMENT

# What a sum stood on may go (DELETE) or move to another line (UPDATE): both lines are added up.
LINES_OF = """
CREATE FUNCTION orders_lines_of(old_row jsonb, new_row jsonb, key text) RETURNS SETOF bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT DISTINCT (r ->> key)::bigint FROM unnest(ARRAY[old_row, new_row]) AS r WHERE r ->> key IS NOT NULL
$$;
"""
ALLOCATED = """
CREATE OR REPLACE FUNCTION orders_check_allocated() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint;
    key text := CASE TG_TABLE_NAME WHEN 'orders_orderline' THEN 'id' ELSE 'line_id' END;
BEGIN
    FOR the_line IN SELECT orders_lines_of(to_jsonb(OLD), to_jsonb(NEW), key) LOOP
        IF (SELECT quantity_allocated FROM orders_orderline WHERE id = the_line)
            <> (SELECT coalesce(sum(quantity - shipped - released), 0) FROM orders_allocation WHERE line_id = the_line) THEN
            RAISE EXCEPTION 'line %: allocated is not the sum of its live allocations', the_line
                USING ERRCODE = 'check_violation', CONSTRAINT = 'line_allocated_by_allocations';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""
SHIPPED = """
CREATE OR REPLACE FUNCTION orders_check_shipped() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint;
    shipped bigint;
    key text := CASE TG_TABLE_NAME WHEN 'orders_orderline' THEN 'id' WHEN 'inventory_movement' THEN 'reference_line'
                ELSE 'line_id' END;
BEGIN
    FOR the_line IN SELECT orders_lines_of(to_jsonb(OLD), to_jsonb(NEW), key) LOOP
        SELECT quantity_shipped INTO shipped FROM orders_orderline WHERE id = the_line;
        IF shipped <> (SELECT coalesce(sum(quantity), 0) FROM orders_shipmentline WHERE line_id = the_line AND posted)
            OR shipped <> (SELECT coalesce(-sum(quantity), 0) FROM inventory_movement
                           WHERE reference_line = the_line AND kind IN ('issue', 'issue_reversal')) THEN
            RAISE EXCEPTION 'line %: shipped, its shipment lines and its issues disagree', the_line
                USING ERRCODE = 'check_violation', CONSTRAINT = 'line_shipped_by_issues';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""
SHIPMENT_STATUS = f"""
CREATE OR REPLACE FUNCTION orders_check_shipment_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.status END;
BEGIN
    IF (before, NEW.status) NOT IN ({SHIPMENT.sql_values()}) THEN
        RAISE EXCEPTION 'shipment %: % cannot become %', NEW.number, before, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'shipment_status_edge';
    END IF;
    RETURN NEW;
END $$;
"""
# Who entered never changes; who submitted changes only when a draft is submitted again.
ACTORS = """
CREATE FUNCTION orders_check_actors() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.entered_by_id <> OLD.entered_by_id OR (OLD.status <> 'draft' AND NEW.status <> 'draft') THEN
        RAISE EXCEPTION 'order %: who entered and submitted it is not rewritten', NEW.number
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_actors_fixed';
    END IF;
    RETURN NEW;
END $$;
"""

TRIGGERS = [
    guards.trigger("orders_order", "order_actors_fixed", "BEFORE UPDATE OF entered_by_id, submitted_by_id", "orders_check_actors",
                   when="(OLD.entered_by_id, OLD.submitted_by_id) IS DISTINCT FROM (NEW.entered_by_id, NEW.submitted_by_id)"),
    guards.trigger("orders_shipment", "shipment_born_released", "BEFORE INSERT", "orders_check_shipment_status",
                   when="NEW.status <> 'released'"),
    guards.deferred("orders_orderline", "line_born_allocated", "AFTER INSERT", "orders_check_allocated",
                    when="NEW.quantity_allocated <> 0"),
    guards.deferred("orders_orderline", "line_born_shipped", "AFTER INSERT", "orders_check_shipped",
                    when="NEW.quantity_shipped <> 0"),
    guards.deferred("orders_allocation", "allocation_gone", "AFTER DELETE", "orders_check_allocated"),
    guards.deferred("orders_shipmentline", "shipment_line_unposted", "AFTER UPDATE", "orders_check_shipped",
                    when="OLD.posted AND NOT NEW.posted"),
    guards.deferred("orders_shipmentline", "shipment_line_gone", "AFTER DELETE", "orders_check_shipped", when="OLD.posted"),
]  # fmt: skip


def body(name: str) -> str:
    """The function as 0002 made it, for going back."""
    from importlib import import_module

    before = import_module("orders.migrations.0002_guards")
    start = (before.STATUS + before.QUANTITIES).index(f"CREATE FUNCTION {name}()")
    text = (before.STATUS + before.QUANTITIES)[start:]
    return text[: text.index("END $$;") + len("END $$;")].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)


class Migration(migrations.Migration):
    dependencies = [("orders", "0002_guards")]
    operations = [
        migrations.RunSQL(LINES_OF, "DROP FUNCTION orders_lines_of(jsonb, jsonb, text)"),
        migrations.RunSQL(ALLOCATED, body("orders_check_allocated")),
        migrations.RunSQL(SHIPPED, body("orders_check_shipped")),
        migrations.RunSQL(SHIPMENT_STATUS, body("orders_check_shipment_status")),
        migrations.RunSQL(ACTORS, "DROP FUNCTION orders_check_actors()"),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
    ]
