"""Tables of counts."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from inventory.counts.models import CountSheet
from oms.web.tables import AgeColumn, Column, LinkColumn, MoneyColumn, NumberColumn, StateColumn, Table


def sheet_url(record: CountSheet) -> str:
    """The sheet's page."""
    return reverse("inventory:count-detail", args=[record.number])


class SheetTable(Table):
    """Count sheets, newest first."""

    number = LinkColumn(verbose_name=_("Sheet"), url=sheet_url)
    location = Column(accessor="location__name", verbose_name=_("Location"))
    status = StateColumn(verbose_name=_("State"), kinds={"open": "attention", "posted": "done"})
    places = NumberColumn(verbose_name=_("Places"))
    counted = NumberColumn(verbose_name=_("Counted"))
    value = MoneyColumn(verbose_name=_("Differs by"), priority=2)
    opened_by = Column(verbose_name=_("Opened by"), priority=3)
    opened_at = AgeColumn(verbose_name=_("Opened"), priority=2)

    caption = _("Count sheets")
    empty_title = _("Nothing was counted yet")
    empty_help = _("A count sheet lists the places of some bins or of a product family; what was counted is keyed here and posted.")

    def row_url(self, record: Any) -> str:
        return sheet_url(record)

    class Meta:
        sequence = ("number", "location", "status", "places", "counted", "value", "opened_by", "opened_at")
