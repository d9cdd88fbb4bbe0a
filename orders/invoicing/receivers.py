"""News that invoices and completes: shipped → invoice; delivered, invoiced or paid → complete when done."""

from __future__ import annotations

from oms.accounts.selectors import system_user
from oms.events.consumers import News, about, consumer
from orders.fulfilment.choices import ShipmentStatus
from orders.fulfilment.models import Shipment
from orders.invoicing.selectors import asked_ahead
from orders.invoicing.services import (
    complete_orders,
    free_prepayment,
    invoice_order,
    invoice_shipment,
    issue_order_pro_forma,
    timing_of,
)
from payments.billing.models import BillingTerms


@consumer("orders.invoicing", events=["shipment.shipped"])
def invoice(news: News) -> None:
    """Invoice the shipment, dated as it was shipped; or the order, when it is complete; or leave it to the week or month.

    An invoice that comes by file (`import_invoices`) is not made again.
    """
    if news.data.get("invoice") == "file":
        return
    if Shipment.objects.filter(pk=news.subject("shipment"), status=ShipmentStatus.REVERSED).exists():
        return  # the goods never left
    timing = timing_of(news.subject("order"))
    if timing == BillingTerms.Timing.ORDER:
        invoice_order(news.subject("order"), by=system_user(), at=news.at, whole=True)
    if timing != BillingTerms.Timing.SHIPMENT:
        return
    invoice_shipment(news.subject("shipment"), by=system_user(), at=news.at)


@consumer(
    "orders.pro_forma", events=["order.approved", "order.amended", "order.cut", "order.rest_cancelled", "order.reapproved"],
    concerns=about("order", asked_ahead),
)  # fmt: skip
def ask_ahead(news: News) -> None:
    """Ask for the prepayment of an order that is approved, and anew when it changed."""
    issue_order_pro_forma(news.subject("order"), by=system_user(), at=news.at)


@consumer("orders.prepayment_freed", events=["order.cancelled", "order.completed"])
def free_ahead(news: News) -> None:
    """What came ahead for an order that is given up, or was not needed by one that is done, is on account again."""
    free_prepayment(news.subject("order"), by=system_user())


@consumer("orders.completion", events=["shipment.delivered", "shipment.undelivered", "payment.applied", "credit_note.applied", "order.amended", "order.rest_cancelled"])
def complete(news: News) -> None:
    """Complete the orders the news is about, if they are done."""
    order_ids = sorted({obj for kind, obj in news.subjects if kind == "order"})
    if order_ids:
        complete_orders(order_ids, by=system_user(), at=news.at)
