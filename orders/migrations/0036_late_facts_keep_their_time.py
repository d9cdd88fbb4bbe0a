"""A fact that a closed month moved to the first open day keeps when it really happened: counts are netted by that."""

from django.db import migrations

NOW = """
CREATE OR REPLACE FUNCTION orders_movement_to_open_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first date := payments_first_open_day();
BEGIN
    IF first IS NOT NULL AND NEW.occurred_at < first THEN
        NEW.happened_at := NEW.occurred_at;
        NEW.occurred_at := first;
    END IF;
    RETURN NEW;
END $$;
"""
BEFORE = """
CREATE OR REPLACE FUNCTION orders_movement_to_open_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first date := payments_first_open_day();
BEGIN
    IF first IS NOT NULL AND NEW.occurred_at < first THEN
        NEW.occurred_at := first;
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0035_case_channels"), ("inventory", "0019_happened_at")]
    operations = [migrations.RunSQL(NOW, BEFORE)]
