"""Guards of count sheets: status by its table, and what a sheet said stays once it is closed."""

from django.db import migrations

from inventory.counts.lifecycle import SHEET
from oms.kernel import guards

FUNCTIONS = f"""
CREATE FUNCTION inventory_check_sheet_status() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.status END;
BEGIN
    IF (before, NEW.status) NOT IN ({SHEET.sql_values()}) THEN
        RAISE EXCEPTION 'count sheet %: % cannot become %', NEW.number, before, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sheet_status_edge';
    END IF;
    RETURN NEW;
END $$;
CREATE FUNCTION inventory_check_sheet_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'count sheet %: what it said stays', NEW.id USING ERRCODE = 'check_violation', CONSTRAINT = 'sheet_kept';
END $$;
CREATE FUNCTION inventory_check_sheet_line() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT status FROM inventory_countsheet WHERE id = NEW.sheet_id) <> 'open' THEN
        RAISE EXCEPTION 'count sheet line %: its sheet is closed', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'sheet_line_kept';
    END IF;
    RETURN NEW;
END $$;
"""
NO_FUNCTIONS = """
DROP FUNCTION inventory_check_sheet_status(); DROP FUNCTION inventory_check_sheet_kept(); DROP FUNCTION inventory_check_sheet_line();
"""
SAID = "({0}.location_id, {0}.posted_by_id, {0}.posted_at, {0}.value, {0}.value_limit, {0}.released)"
COUNTED = "({0}.sheet_id, {0}.product_id, {0}.bin, {0}.lot, {0}.quantity, {0}.counted_at, {0}.counted_by_id)"
TRIGGERS = [
    guards.trigger("inventory_countsheet", "sheet_status_edge", "BEFORE UPDATE OF status", "inventory_check_sheet_status",
                   when="OLD.status IS DISTINCT FROM NEW.status"),
    guards.trigger("inventory_countsheet", "sheet_born_open", "BEFORE INSERT", "inventory_check_sheet_status", when="NEW.status <> 'open'"),
    guards.trigger("inventory_countsheet", "sheet_kept", "BEFORE UPDATE", "inventory_check_sheet_kept",
                   when=f"OLD.status <> 'open' AND {SAID.format('OLD')} IS DISTINCT FROM {SAID.format('NEW')}"),
    guards.trigger("inventory_countsheetline", "sheet_line_kept", "BEFORE UPDATE", "inventory_check_sheet_line",
                   when=f"{COUNTED.format('OLD')} IS DISTINCT FROM {COUNTED.format('NEW')}"),
    guards.trigger("inventory_countsheetline", "sheet_line_born", "BEFORE INSERT", "inventory_check_sheet_line"),
]  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("inventory", "0011_count_sheets")]
    operations = [
        migrations.RunSQL("CREATE SEQUENCE inventory_count_number;", "DROP SEQUENCE inventory_count_number;"),
        migrations.RunSQL(FUNCTIONS, NO_FUNCTIONS),
        *[migrations.RunSQL(*pair) for pair in TRIGGERS],
    ]
