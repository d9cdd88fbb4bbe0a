"""Days that are closed: a digest of all stock, which `verify` works out anew from the ledger (see invariants, I10d)."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from inventory.stock.models import StockClosing
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Invalid

# Invariants say the same sum over the movements below `below_xid`.
DIGEST = """
SELECT pg_snapshot_xmin(pg_current_snapshot()), count(*), coalesce(sum(q), 0),
       sha256(convert_to(coalesce(string_agg(product_id || '/' || location_id || '/' || q, ',' ORDER BY product_id, location_id), ''), 'UTF8'))
FROM (
    SELECT m.product_id, m.location_id, sum(m.quantity) AS q FROM inventory_movement m JOIN oms_event e ON e.id = m.event_id
    WHERE e.xid < pg_snapshot_xmin(pg_current_snapshot()) GROUP BY 1, 2 HAVING sum(m.quantity) <> 0
) s
"""


@use_case("stock.close_day")
def close_day(day: date, *, by: Any, at: datetime | None = None) -> StockClosing | None:
    """Keep the digest of what lies everywhere as that of `day`, once; None when the day is closed already or not over."""
    authorize(by, "stock.close_day")
    if day >= current().clock.date():
        raise Invalid(_("The day is not over."), code="day_not_over")
    if StockClosing.objects.filter(day=day).exists():
        return None
    with connection.cursor() as cursor:
        cursor.execute(DIGEST)
        below, pairs, units, digest = cursor.fetchone()
    event = current().event(
        "stock.day_closed", [], {"date": day, "below": int(below), "pairs": pairs, "units": int(units), "sha256": bytes(digest).hex()}
    )
    return StockClosing.objects.create(
        day=day, below_xid=int(below), pairs=pairs, units=int(units), sha256=bytes(digest), event_id=event
    )
