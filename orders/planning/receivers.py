"""Tells stock which bookings live: the live schedule lines of every order."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import connection

from inventory.stock.bookings import register

LIVE = """
SELECT s.product_id, s.location_id, s.ship_date, sum(s.quantity)
FROM unnest(%(products)s::bigint[], %(locations)s::bigint[]) AS cell(product_id, location_id)
JOIN orders_scheduleline s ON s.product_id = cell.product_id AND s.location_id = cell.location_id
JOIN orders_liveplan live ON live.order_id = s.order_id AND live.version = s.version
GROUP BY 1, 2, 3
"""


@register
def live_bookings(pairs: Collection[tuple[int, int]]) -> list[tuple[int, int, date, int]]:
    """(product, location, ship day, quantity) of the live schedule lines in these cells."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE, {"products": [p for p, _l in pairs], "locations": [loc for _p, loc in pairs]})
        return [(product, location, day, int(quantity)) for product, location, day, quantity in cursor.fetchall()]
