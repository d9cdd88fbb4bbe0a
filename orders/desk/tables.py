"""Tables of the desk."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import AgeColumn, Column, DayColumn, LinkColumn, MoneyColumn, StateColumn, Table
from orders.book.models import Order


def order_url(record: Order) -> str:
    """The order's page."""
    return reverse("orders:order-detail", args=[record.number])


class OrderTable(Table):
    """Orders, newest first."""

    number = LinkColumn(verbose_name=_("Order"), url=order_url)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    customer_po = Column(verbose_name=_("Customer's number"), priority=3)
    status = StateColumn(verbose_name=_("Status"))
    requested_date = DayColumn(verbose_name=_("Requested"), priority=2)
    submitted_at = AgeColumn(verbose_name=_("Submitted"), priority=2)
    total = MoneyColumn(verbose_name=_("Total"), currency_of="currency_id")
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), css="sub", priority=2, orderable=False)

    caption = _("Orders")
    empty_title = _("No orders here")
    empty_help = _("Orders you enter, and those of your customers, appear here. Press n to enter one.")

    def row_url(self, record: Any) -> str:
        return order_url(record)

    class Meta:
        sequence = ("number", "customer", "customer_po", "status", "requested_date", "submitted_at", "total", "currency")
