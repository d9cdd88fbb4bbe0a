"""Guards of transfers: lines are the sums of their postings, postings are their movements, status by its table (I7)."""

from django.db import migrations

from inventory.transfers.lifecycle import TRANSFER
from oms.kernel import guards

NUMBERS = "CREATE SEQUENCE inventory_transfer_number;"

# The line of a posting or the line itself; for a movement the line of the posting that names it.
POSTED = """
CREATE FUNCTION inventory_check_transfer_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    the_line bigint := CASE TG_TABLE_NAME WHEN 'inventory_transferline' THEN (to_jsonb(NEW) ->> 'id')::bigint
                       ELSE (to_jsonb(NEW) ->> 'line_id')::bigint END;
BEGIN
    IF EXISTS (
        SELECT FROM inventory_transferline l LEFT JOIN (
            SELECT sum(quantity) FILTER (WHERE kind = 'shipped') AS s, sum(quantity) FILTER (WHERE kind = 'received') AS r,
                   sum(quantity) FILTER (WHERE kind = 'lost') AS l, sum(quantity) FILTER (WHERE kind = 'surplus') AS p
            FROM inventory_transferposting WHERE line_id = the_line
        ) x ON true
        WHERE l.id = the_line AND (l.quantity_shipped, l.quantity_received, l.quantity_lost, l.quantity_surplus)
            <> (coalesce(x.s, 0), coalesce(x.r, 0), coalesce(x.l, 0), coalesce(x.p, 0))
    ) THEN
        RAISE EXCEPTION 'transfer line %: its quantities are not the sums of its postings', the_line
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_line_by_postings';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION inventory_check_transfer_posting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM inventory_movement m JOIN inventory_transferline l ON l.id = NEW.line_id
        JOIN inventory_transfer t ON t.id = l.transfer_id
        WHERE m.id = NEW.movement_id AND m.kind = 'transfer' AND m.product_id = l.product_id
            AND (NEW.kind = 'shipped' AND m.location_id = t.source_id AND m.quantity = -NEW.quantity
              OR NEW.kind = 'received' AND m.location_id = t.target_id AND m.quantity = NEW.quantity)
    ) THEN
        RAISE EXCEPTION 'transfer posting %: its movement says otherwise', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_posting_by_movement';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION inventory_check_transferred() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM inventory_transferposting WHERE movement_id = NEW.id) THEN
        RAISE EXCEPTION 'movement %: stock is transferred by a transfer', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_of_transfer';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION inventory_check_transfer_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% %: what was asked for, from where and where to stays as it was', TG_TABLE_NAME, NEW.id
        USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_kept';
END $$;
"""
NOT_POSTED = """
DROP FUNCTION inventory_check_transfer_line(); DROP FUNCTION inventory_check_transfer_posting();
DROP FUNCTION inventory_check_transferred(); DROP FUNCTION inventory_check_transfer_kept();
"""
STATUS = f"""
CREATE FUNCTION inventory_check_transfer_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.status END;
BEGIN
    IF (before, NEW.status) NOT IN ({TRANSFER.sql_values()}) THEN
        RAISE EXCEPTION 'transfer %: % cannot become %', NEW.number, before, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_status_edge';
    END IF;
    RETURN NEW;
END $$;
"""
TRIGGERS = [
    guards.deferred("inventory_transferline", "transfer_line_by_postings", "AFTER INSERT OR UPDATE", "inventory_check_transfer_line"),
    guards.deferred("inventory_transferposting", "transfer_posting_sum", "AFTER INSERT", "inventory_check_transfer_line"),
    guards.deferred("inventory_transferposting", "transfer_posting_by_movement", "AFTER INSERT", "inventory_check_transfer_posting",
                    when="NEW.movement_id IS NOT NULL"),
    guards.deferred("inventory_movement", "movement_of_transfer", "AFTER INSERT", "inventory_check_transferred", when="NEW.kind = 'transfer'"),
    guards.trigger("inventory_transfer", "transfer_kept", "BEFORE UPDATE", "inventory_check_transfer_kept",
                   when="(NEW.source_id, NEW.target_id, NEW.number) IS DISTINCT FROM (OLD.source_id, OLD.target_id, OLD.number)"),
    guards.trigger("inventory_transferline", "transfer_line_kept", "BEFORE UPDATE", "inventory_check_transfer_kept",
                   when="(NEW.transfer_id, NEW.product_id, NEW.quantity_requested) "
                        "IS DISTINCT FROM (OLD.transfer_id, OLD.product_id, OLD.quantity_requested)"),
    guards.trigger("inventory_transfer", "transfer_status_edge", "BEFORE UPDATE OF status", "inventory_check_transfer_status",
                   when="OLD.status IS DISTINCT FROM NEW.status"),
    guards.trigger("inventory_transfer", "transfer_born_requested", "BEFORE INSERT", "inventory_check_transfer_status",
                   when="NEW.status <> 'requested'"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("inventory", "0007_transfers")]
    operations = [
        migrations.RunSQL(NUMBERS, "DROP SEQUENCE inventory_transfer_number;"),
        migrations.RunSQL(*guards.ledger("inventory_transferposting")),
        migrations.RunSQL(POSTED, NOT_POSTED),
        migrations.RunSQL(STATUS, "DROP FUNCTION inventory_check_transfer_status()"),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
    ]
