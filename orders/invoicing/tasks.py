"""Invoices of the week and of the month: one for all the orders of a customer, each in its own transaction."""

from __future__ import annotations

import logging

from django.utils.timezone import localdate

from oms.jobs.registry import Running, job
from oms.kernel.errors import OMSError
from orders.book.choices import SHIPPED_KINDS
from orders.invoicing.selectors import orders_due, timings_due
from orders.invoicing.services import invoice_order, invoice_together

log = logging.getLogger(__name__)


@job("orders.collective_invoices", daily_at="00:40")
def collective(running: Running) -> dict[str, int]:
    """What the day asks for; run again it goes on with what is left. What is held stays and shows as a problem."""
    groups = orders_due(timings_due(localdate()), sorted(SHIPPED_KINDS))
    made, refused = 0, 0
    for n, orders in enumerate(groups):
        try:
            one = invoice_order(orders[0], by=running.by) if len(orders) == 1 else invoice_together(orders, by=running.by)
            made += one is not None
        except OMSError as error:
            refused += 1
            log.warning("orders %s are not invoiced: %s", orders, error.code)
        running.progress(n + 1, len(groups))
    return {"invoices": made, "refused": refused}
