"""Table of collection receipts."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import Column, DayColumn, LinkColumn, MoneyColumn, Table


def receipt_url(record: Any) -> str:
    """The receipt's page."""
    return reverse("payments:receipt-detail", args=[record.number])


class ReceiptTable(Table):
    """Receipts; those not banked first, the oldest on top."""

    number = LinkColumn(verbose_name=_("Receipt"), url=receipt_url)
    state = Column(accessor="get_state_display", verbose_name=_("State"), orderable=False)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    collector = Column(accessor="collector__username", verbose_name=_("Collector"), priority=2)
    method = Column(accessor="get_method_display", verbose_name=_("How"), orderable=False, priority=3)
    received_date = DayColumn(verbose_name=_("Received"), priority=2)
    amount = MoneyColumn(verbose_name=_("Amount"), currency_of="currency_id")

    caption = _("Collection receipts")
    empty_title = _("No receipts here")
    empty_help = _("Sales give a receipt for money they take.")

    def row_url(self, record: Any) -> str:
        return receipt_url(record)
