"""Tables of fulfilment."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import AgeColumn, Column, LinkColumn, NumberColumn, StateColumn, Table
from orders.fulfilment.models import Discrepancy, Wave


def discrepancy_url(record: Discrepancy) -> str:
    """The discrepancy's page."""
    return reverse("orders:discrepancy-detail", args=[record.number])


class DiscrepancyTable(Table):
    """Goods that moved without approval, newest first."""

    number = LinkColumn(verbose_name=_("Discrepancy"), url=discrepancy_url)
    kind = StateColumn(verbose_name=_("What"), kinds={"unauthorised_issue": "trouble", "unannounced_return": "attention"})
    sku = Column(accessor="product__sku", verbose_name=_("Product"))
    location = Column(accessor="location__name", verbose_name=_("Location"), priority=2)
    order = Column(accessor="order__number", verbose_name=_("Named order"), priority=2)
    quantity = NumberColumn(verbose_name=_("Units"))
    open = NumberColumn(verbose_name=_("Open"), orderable=False)
    at = AgeColumn(verbose_name=_("Since"))

    caption = _("Discrepancies")
    empty_title = _("No discrepancies")
    empty_help = _("Goods that leave or come back without approval appear here until they are cleared.")

    def row_url(self, record: Any) -> str:
        return discrepancy_url(record)

    class Meta:
        sequence = ("number", "kind", "sku", "location", "order", "quantity", "open", "at")


def wave_url(record: Wave) -> str:
    """The wave's page."""
    return reverse("orders:wave-detail", args=[record.number])


class WaveTable(Table):
    """Waves, the latest first, with how many of their shipments are where."""

    number = LinkColumn(verbose_name=_("Wave"), url=wave_url)
    location = Column(accessor="location__name", verbose_name=_("Location"))
    at = AgeColumn(verbose_name=_("Since"))
    total = NumberColumn(verbose_name=_("Shipments"))
    picked = NumberColumn(verbose_name=_("Picked"), priority=2)
    ready = NumberColumn(verbose_name=_("Packed"), priority=2)
    gone = NumberColumn(verbose_name=_("Shipped"))

    caption = _("Waves")
    empty_title = _("No waves yet")
    empty_help = _("A wave releases all that a location ships next, together: by its timetable, or by hand above.")

    def row_url(self, record: Wave) -> str:
        return wave_url(record)

    class Meta:
        sequence = ("number", "location", "at", "total", "picked", "ready", "gone")
