"""Table of balance confirmations."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import Column, DayColumn, LinkColumn, MoneyColumn, Table


def confirmation_url(record: Any) -> str:
    """The confirmation's page."""
    return reverse("payments:balance-detail", args=[record.pk])


class ConfirmationTable(Table):
    """Confirmations; the last day first, differences on top."""

    customer = LinkColumn(accessor="customer__name", verbose_name=_("Customer"), url=confirmation_url, css="long")
    day = DayColumn(verbose_name=_("At the end of"))
    state = Column(accessor="get_state_display", verbose_name=_("Answer"), orderable=False)
    balance = MoneyColumn(verbose_name=_("Our books"), currency_of="currency_id")
    said = MoneyColumn(verbose_name=_("Their books"), currency_of="currency_id", priority=2)
    difference = MoneyColumn(verbose_name=_("Difference"), currency_of="currency_id", orderable=False, priority=2)
    said_by = Column(verbose_name=_("Said by"), priority=3)

    caption = _("Balance confirmations")
    empty_title = _("No confirmations here")
    empty_help = _("Ask the customers what their books say of the end of a month; each answers on a page of its own.")

    def row_url(self, record: Any) -> str:
        return confirmation_url(record)
