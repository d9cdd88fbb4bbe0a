"""A closed day's digest, on a database of its own, with a superuser who rewrites history."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

from django.db import connection

from inventory.stock.services import Received, receive, set_opening
from inventory.stock.services.closing import close_day
from oms.events.verification import verify
from tests.inventory.conftest import build

DAY = datetime(2026, 3, 2, tzinfo=UTC)


def seen_by_all() -> None:
    """Wait until no transaction of the whole server, whatever its database, is older than what was just committed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()")
        (mine,) = cursor.fetchone()
        until = time.monotonic() + 60
        while True:
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot()) > %s::text::xid8", [mine])
            if cursor.fetchone()[0]:
                return
            assert time.monotonic() < until, "an old transaction does not end"
            time.sleep(0.05)


def test_the_digest_comes_out_again_whatever_is_told_later_and_not_when_history_changed(live_db, booked, superuser):
    house = build()
    set_opening([(house.bolt, house.north, "", "", None, 10), (house.nut, house.south, "", "", None, 4)], by=house.system)
    seen_by_all()
    closed = close_day(date.today() - timedelta(days=1), by=house.system)
    assert (closed.pairs, closed.units) == (2, 14)
    receive(house.north, [Received(house.bolt, 5)], source="late", by=house.system, at=DAY)
    assert [o.code for o in verify("stock") if o.rows] == []
    with superuser() as server:
        server.execute("SET session_replication_role = replica")
        server.execute("ALTER TABLE inventory_movement DISABLE TRIGGER ALL")
        server.execute("UPDATE inventory_movement SET location_id = %s WHERE source IS NOT NULL AND quantity = 10", [house.south])
    assert "I10d" in [o.code for o in verify("stock") if o.rows]
