"""Tells stock which bookings live; hears of stock that came free and of stock that is missing, and asks for a plan run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from django.db import connection

from inventory.stock.bookings import register
from inventory.stock.models import Availability
from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from orders.planning.services.claims import ask_for_run

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


SUPPLY = [
    "stock.received", "stock.expected", "stock.receipt_moved", "stock.receipt_closed", "stock.adjusted", "stock.counted",
    "stock.transferred", "stock.transfer_requested", "stock.transfer_moved", "stock.transfer_cancelled", "stock.transfer_closed",
    "claim.expired",
]  # fmt: skip


@consumer("orders.planning", events=SUPPLY)
def plan_again(news: News) -> None:
    """One run for all news that wait; where a fact left promises without stock, a proposal of what they would become."""
    short = Availability.objects.filter(shortfall_event_id=news.id, shortfall__gt=0).exists()
    ask_for_run(str(news.id), by=system_user(), policy="strict" if short else "improve")
