"""Tables of transfers."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory.transfers.models import Transfer
from oms.web.tables import Column, DayColumn, LinkColumn, NumberColumn, StateColumn, Table

KINDS = {"requested": "", "in_transit": "", "differs": "trouble", "done": "done", "cancelled": ""}


def transfer_url(record: Transfer) -> str:
    """The transfer's page."""
    return reverse("inventory:transfer-detail", args=[record.number])


class TransferTable(Table):
    """Transfers, newest first."""

    number = LinkColumn(verbose_name=_("Transfer"), url=transfer_url)
    source = Column(accessor="source__name", verbose_name=_("From"))
    target = Column(accessor="target__name", verbose_name=_("To"))
    status = StateColumn(verbose_name=_("State"), kinds=KINDS)
    products = NumberColumn(verbose_name=_("Products"), priority=2)
    requested = NumberColumn(verbose_name=_("Asked for"), priority=2)
    shipped = NumberColumn(verbose_name=_("Left"), priority=3)
    received = NumberColumn(verbose_name=_("Came in"), priority=3)
    ship_date = DayColumn(verbose_name=_("Leaves"), priority=2)
    arrival_date = DayColumn(verbose_name=_("Arrives"))

    caption = _("Transfers")
    empty_title = _("No transfers here")
    empty_help = _(
        "Goods that go from one location to another appear here, from the request to the last unit received."
    )

    def row_url(self, record: Any) -> str:
        return transfer_url(record)

    class Meta:
        sequence = (
            "number", "source", "target", "status", "products", "requested", "shipped", "received", "ship_date", "arrival_date",
        )  # fmt: skip
