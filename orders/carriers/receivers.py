"""A carrier may have told of a shipment before it left here: what was told is followed when it does."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from orders.carriers.selectors import spoken_of
from orders.carriers.services import follow


@consumer("orders.carriers", events=["shipment.shipped"])
def follow_shipped(news: News) -> None:
    """Of shipments that no carrier spoke of, nothing."""
    shipment_id = news.subject("shipment")
    if spoken_of(shipment_id):
        follow(shipment_id, by=system_user())
