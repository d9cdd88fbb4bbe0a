"""News that touch figures: the customers and days they are about are marked, and counted again within a minute."""

from __future__ import annotations

from oms.events.consumers import News, consumer_of_many
from reporting.facts.services import mark, mark_customers

EVENTS = [
    "order.submitted", "order.approved", "order.cut", "order.rejected", "order.cancelled", "order.completed", "order.reopened",
    "order.amended", "order.reapproved", "order.recalled", "order.rest_cancelled", "order.discarded", "shipment.shipped",
    "shipment.delivered", "shipment.reversed", "return.received", "invoice.issued", "invoice.cancelled", "payment.applied", "payment.reversed",
    "payment.cleared", "payment.bounced", "credit_note.issued", "refund.posted", "customer.changed", "customer.assigned",
]  # fmt: skip


@consumer_of_many("reporting.figures", events=EVENTS)
def figures(news: list[News]) -> None:
    """Mark what the events are about."""
    orders = {(object_id, each.at) for each in news for kind, object_id in each.subjects if kind == "order"}
    shipments = {object_id for each in news for kind, object_id in each.subjects if kind == "shipment"}
    invoices = {object_id for each in news for kind, object_id in each.subjects if kind == "invoice"}
    notes = {object_id for each in news for kind, object_id in each.subjects if kind == "credit_note"}
    mark(sorted(orders), sorted(shipments), sorted(invoices), sorted(notes))
    mark_customers(sorted({(each.subject("customer"), each.at) for each in news if each.name in ("customer.changed", "customer.assigned")}))
