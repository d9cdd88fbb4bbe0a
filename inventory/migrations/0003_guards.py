"""Stock's guards: a balance moves only by its movements, availability never below its shortfall, facts alone raise it."""

from django.db import migrations

from oms.kernel import guards

COVERED = """
ALTER TABLE inventory_availability
    ADD CONSTRAINT availability_covered CHECK (-shortfall <= ALL (free)),
    ADD CONSTRAINT availability_layout CHECK (cardinality(days) >= 1 AND cardinality(days) = cardinality(free));
"""
NOT_COVERED = """
ALTER TABLE inventory_availability DROP CONSTRAINT availability_covered, DROP CONSTRAINT availability_layout;
"""

# A balance's step from version a to b is exactly the sum of the movements a+1 … b (I1, I10). The function's plan is
# cached: made on an almost empty ledger it must not be a scan of what an import then fills in the same transaction.
BALANCE_STEP = """
CREATE FUNCTION inventory_check_balance_step() RETURNS trigger LANGUAGE plpgsql SET enable_seqscan = off AS $$
DECLARE
    before inventory_balance%ROWTYPE;
    moved record;
BEGIN
    IF TG_OP = 'UPDATE' THEN before := OLD;
    ELSE before.on_hand := 0; before.allocated := 0; before.blocked := 0; before.version := 0;
    END IF;
    SELECT count(*) AS n, coalesce(sum(quantity), 0) AS on_hand, coalesce(sum(allocated), 0) AS allocated,
           coalesce(sum(blocked), 0) AS blocked
    INTO moved FROM inventory_movement
    WHERE balance_id = NEW.id AND version > before.version AND version <= NEW.version;
    IF moved.n <> NEW.version - before.version OR moved.on_hand <> NEW.on_hand - before.on_hand
        OR moved.allocated <> NEW.allocated - before.allocated OR moved.blocked <> NEW.blocked - before.blocked THEN
        RAISE EXCEPTION 'balance % changed without its movements', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'balance_moves_by_ledger';
    END IF;
    RETURN NULL;
END $$;
"""

SHORTFALL = """
CREATE FUNCTION inventory_check_shortfall() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.shortfall_event_id IS NULL OR NOT EXISTS (
        SELECT 1 FROM oms_event WHERE id = NEW.shortfall_event_id AND name LIKE 'stock.%'
            AND xid = pg_current_xact_id()) THEN
        RAISE EXCEPTION 'availability %: only a fact of stock may raise the shortfall', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'availability_shortfall_by_fact';
    END IF;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0002_initial"), ("oms", "0002_guards")]
    operations = [
        migrations.RunSQL(COVERED, NOT_COVERED),
        migrations.RunSQL(*guards.ledger("inventory_movement")),
        migrations.RunSQL(BALANCE_STEP, "DROP FUNCTION inventory_check_balance_step()"),
        migrations.RunSQL(
            *guards.deferred(
                "inventory_balance",
                "balance_moves_by_ledger",
                "AFTER INSERT OR UPDATE",
                "inventory_check_balance_step",
            )
        ),
        migrations.RunSQL(SHORTFALL, "DROP FUNCTION inventory_check_shortfall()"),
        migrations.RunSQL(
            *guards.deferred(
                "inventory_availability",
                "availability_shortfall_raised",
                "AFTER UPDATE",
                "inventory_check_shortfall",
                when="NEW.shortfall > OLD.shortfall",
            )
        ),
        migrations.RunSQL(
            *guards.deferred(
                "inventory_availability",
                "availability_shortfall_born",
                "AFTER INSERT",
                "inventory_check_shortfall",
                when="NEW.shortfall > 0",
            )
        ),
    ]
