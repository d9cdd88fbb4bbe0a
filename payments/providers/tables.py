"""Table of charges."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import AgeColumn, Column, LinkColumn, MoneyColumn, StateColumn, Table

KINDS = {"paid": "done", "declined": "trouble", "returned": "trouble", "captured": "attention", "authorised": "attention"}


def charge_url(record: Any) -> str:
    """The charge's page."""
    return reverse("payments:charge-detail", args=[record.number])


class ChargeTable(Table):
    """Charges, the latest first."""

    number = LinkColumn(verbose_name=_("Charge"), url=charge_url)
    state = StateColumn(verbose_name=_("State"), kinds=KINDS, orderable=False)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    invoice = Column(accessor="invoice__number", verbose_name=_("Invoice"), priority=2)
    kind = Column(accessor="get_kind_display", verbose_name=_("By"), orderable=False, priority=2)
    asked_at = AgeColumn(verbose_name=_("Asked"), priority=3)
    amount = MoneyColumn(verbose_name=_("Amount"), currency_of="currency_id")
    currency = Column(accessor="currency_id", verbose_name=_("Currency"), priority=3)

    caption = _("Cards and debits")
    empty_title = _("Nothing was charged yet")
    empty_help = _("An open invoice has the button “Charge”: a card or a debit through the provider.")

    def row_url(self, record: Any) -> str:
        return charge_url(record)
