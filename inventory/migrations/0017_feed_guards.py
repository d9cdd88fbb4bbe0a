"""Guards of feeds: what a warehouse sent never changes, a message's state moves by its table only, numbers never run back."""

from django.db import migrations

from inventory.feeds.lifecycle import FEED_MESSAGE
from oms.kernel import guards

STATE = f"""
CREATE FUNCTION inventory_check_feed_state() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_OP WHEN 'INSERT' THEN '' ELSE OLD.state END;
BEGIN
    IF (before, NEW.state) NOT IN ({FEED_MESSAGE.sql_values()}) THEN
        RAISE EXCEPTION 'a message cannot go from % to %', before, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'feed_state_edge';
    END IF;
    RETURN NEW;
END $$;
"""
FORWARD = """
CREATE FUNCTION inventory_check_feed_forward() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.epoch < OLD.epoch OR NEW.epoch = OLD.epoch AND NEW.next_seq < OLD.next_seq THEN
        RAISE EXCEPTION 'the numbers of a feed never run back'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'feed_forward';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("inventory", "0016_feeds")]
    operations = [
        migrations.RunSQL(STATE, "DROP FUNCTION inventory_check_feed_state()"),
        migrations.RunSQL(FORWARD, "DROP FUNCTION inventory_check_feed_forward()"),
        migrations.RunSQL(*guards.trigger("inventory_feedmessage", "feed_state_edge", "BEFORE UPDATE OF state", "inventory_check_feed_state",
                                          when="OLD.state IS DISTINCT FROM NEW.state")),
        migrations.RunSQL(*guards.trigger("inventory_feedmessage", "feed_born", "BEFORE INSERT", "inventory_check_feed_state")),
        migrations.RunSQL(*guards.trigger("inventory_feed", "feed_forward", "BEFORE UPDATE OF epoch, next_seq", "inventory_check_feed_forward")),
        migrations.RunSQL(*guards.frozen("inventory_feedmessage", "state", "findings", "outcome", "settled_at", "location_id")),
        migrations.RunSQL(*guards.frozen("inventory_feedgap")),
    ]  # fmt: skip
