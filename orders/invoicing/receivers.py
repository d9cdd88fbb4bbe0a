"""News that invoices and completes: shipped → invoice; delivered, invoiced or paid → complete when done."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, consumer
from orders.invoicing.services import complete_orders, invoice_shipment


@consumer("orders.invoicing", events=["shipment.shipped"])
def invoice(news: News) -> None:
    """Invoice the shipment, dated as it was shipped."""
    invoice_shipment(news.subject("shipment"), by=system_user(), at=news.at)


@consumer("orders.completion", events=["shipment.delivered", "payment.applied"])
def complete(news: News) -> None:
    """Complete the orders the news is about, if they are done."""
    order_ids = sorted({obj for kind, obj in news.subjects if kind == "order"})
    if order_ids:
        complete_orders(order_ids, by=system_user(), at=news.at)
