"""Invoices of the week and of the month, each order in its own transaction."""

from __future__ import annotations

import logging

from django.utils.timezone import localdate

from oms.jobs.registry import Running, job
from oms.kernel.errors import OMSError
from orders.book.choices import SHIPPED_KINDS
from orders.invoicing.selectors import orders_due, timings_due
from orders.invoicing.services import invoice_order

log = logging.getLogger(__name__)


@job("orders.collective_invoices", daily_at="00:40")
def collective(running: Running) -> dict[str, int]:
    """What the day asks for; run again it goes on with what is left. What is held stays and shows as a problem."""
    ids = orders_due(timings_due(localdate()), sorted(SHIPPED_KINDS))
    made, refused = 0, 0
    for n, order_id in enumerate(ids):
        try:
            made += invoice_order(order_id, by=running.by) is not None
        except OMSError as error:
            refused += 1
            log.warning("order %s is not invoiced: %s", order_id, error.code)
        running.progress(n + 1, len(ids))
    return {"invoices": made, "refused": refused}
