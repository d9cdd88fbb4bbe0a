"""Guards of counts and adjustments: every adjustment has its document, worth what it moved, by two persons above the limit."""

from django.db import migrations

from oms.kernel import guards

# What the document says is what its movements are worth at standard cost; only a system adjusts without a limit.
ADJUSTED = """
CREATE FUNCTION inventory_check_adjustment() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.amount <> (SELECT coalesce(round(sum(abs(m.quantity) * p.standard_cost), 2), 0) FROM inventory_movement m
                      JOIN inventory_product p ON p.id = m.product_id
                      WHERE m.id = ANY(NEW.movements) AND m.kind = 'adjust' AND m.event_id = NEW.event_id) THEN
        RAISE EXCEPTION 'adjustment %: it is not worth what its movements are', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'adjustment_amount';
    END IF;
    IF NEW.amount_limit IS NULL AND NOT (SELECT is_system FROM oms_user WHERE id = NEW.by_id)
        OR NEW.amount_limit > (SELECT adjustment_limit FROM inventory_storagelocation WHERE id = NEW.location_id) THEN
        RAISE EXCEPTION 'adjustment %: the limit of its location is another one', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'adjustment_limit';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION inventory_check_adjusted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM inventory_adjustment WHERE event_id = NEW.event_id AND NEW.id = ANY(movements)) THEN
        RAISE EXCEPTION 'movement %: stock is adjusted by an adjustment', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'movement_of_adjustment';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION inventory_check_counted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.movement_id IS NOT NULL AND NOT EXISTS (
        SELECT FROM inventory_movement WHERE id = NEW.movement_id AND kind = 'count' AND balance_id = NEW.balance_id
            AND quantity = NEW.difference AND occurred_at = NEW.as_of) THEN
        RAISE EXCEPTION 'count %: its movement says otherwise', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'counted_by_movement';
    END IF;
    RETURN NULL;
END $$;
"""
NOT_ADJUSTED = """
DROP FUNCTION inventory_check_adjustment(); DROP FUNCTION inventory_check_adjusted(); DROP FUNCTION inventory_check_counted();
"""
TRIGGERS = [
    guards.deferred("inventory_adjustment", "adjustment_worth", "AFTER INSERT", "inventory_check_adjustment"),
    guards.deferred("inventory_movement", "movement_of_adjustment", "AFTER INSERT", "inventory_check_adjusted", when="NEW.kind = 'adjust'"),
    guards.deferred("inventory_countedplace", "counted_by_movement", "AFTER INSERT", "inventory_check_counted"),
]


class Migration(migrations.Migration):
    dependencies = [("inventory", "0009_counted"), ("oms", "0002_guards")]
    operations = [
        migrations.RunSQL(*guards.ledger("inventory_countedplace")),
        migrations.RunSQL(*guards.ledger("inventory_adjustment")),
        migrations.RunSQL(ADJUSTED, NOT_ADJUSTED),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
    ]
