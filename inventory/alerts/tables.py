"""The table of alerts."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from inventory.stock.tables import card_url
from oms.web.tables import AgeColumn, Column, DayColumn, LinkColumn, NumberColumn, StateColumn, Table

KINDS = {"safety": "trouble", "runs_out": "attention", "reorder": "attention", "expiring": "attention", "dormant": ""}


class AlertTable(Table):
    """What wants attention, where, by how much, and when."""

    product = LinkColumn(accessor="product__sku", verbose_name=_("SKU"), url=card_url)
    name = Column(accessor="product__name", verbose_name=_("Product"), css="long", priority=2)
    location = Column(accessor="location__code", verbose_name=_("Location"))
    kind = StateColumn(verbose_name=_("Alert"), kinds=KINDS)
    units = NumberColumn(verbose_name=_("Units"))
    about = Column(verbose_name=_("What they are"), orderable=False)
    day = DayColumn(verbose_name=_("Day"))
    raised_at = AgeColumn(verbose_name=_("Since"), priority=2)

    caption = _("Alerts of stock")
    empty_title = _("Nothing runs low")
    empty_help = _("All stock is looked at every hour. What falls below its levels, runs out, expires or lies still appears here.")

    def row_url(self, record: Any) -> str:
        return card_url(record)

    class Meta:
        sequence = ("product", "name", "location", "kind", "units", "about", "day", "raised_at")
