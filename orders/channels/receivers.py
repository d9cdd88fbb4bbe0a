"""News that an order was decided: its sender is answered."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, about, consumer
from orders.channels.selectors import from_partners, listened_to
from orders.channels.services import answer_order, note


@consumer("orders.channels.answer", events=["order.approved", "order.rejected", "order.cancelled"], outbound=True, concerns=about("order", from_partners))
def decided(news: News) -> None:
    """Answer once a state; orders of other channels have nobody to answer."""
    answer_order(news.subject("order"), by=system_user())


TOLD = (
    "order.submitted", "order.approved", "order.rejected", "order.cancelled", "order.rest_cancelled", "order.amended", "order.completed",
    "shipment.released", "shipment.shipped", "shipment.delivered", "invoice.issued", "credit_note.issued", "payment.applied",
)  # fmt: skip


@consumer("orders.channels.webhooks", events=TOLD, outbound=True, concerns=about("order", listened_to))
def tell(news: News) -> None:
    """A delivery for each endpoint that hears of this customer's orders."""
    note(news)
