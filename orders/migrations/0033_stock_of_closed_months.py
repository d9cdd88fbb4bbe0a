"""What moved in a month that finance has closed is posted on the first open day: a late fact is never refused, and never changes a closed month.

In the rooms of orders, which alone may know both the stock and finance's months.
"""

from django.db import migrations

from oms.kernel import guards

TO_OPEN_DAY = """
CREATE FUNCTION orders_movement_to_open_day() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first date := payments_first_open_day();
BEGIN
    IF first IS NOT NULL AND NEW.occurred_at < first THEN
        NEW.occurred_at := first;
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0032_waves"), ("payments", "0015_closed_months_guards"), ("inventory", "0018_substitutes")]
    operations = [
        migrations.RunSQL(TO_OPEN_DAY, "DROP FUNCTION orders_movement_to_open_day();"),
        migrations.RunSQL(*guards.trigger("inventory_movement", "inventory_movement_open_month", "BEFORE INSERT", "orders_movement_to_open_day",
                                          "NEW.occurred_at < date_trunc('month', now())")),
    ]  # fmt: skip
