"""Tables of returns."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from oms.web import format as fmt
from oms.web.tables import AgeColumn, Column, LinkColumn, NumberColumn, Table
from orders.returns.models import Return
from orders.returns.selectors import state_of


def return_url(record: Return) -> str:
    """The return's page."""
    return reverse("orders:return-detail", args=[record.number])


class WordColumn(Column):
    """The word of a whole return, by its lines."""

    def render(self, record: Any) -> Any:
        found = state_of(record)
        return format_html('<span class="state {}">{}</span>', fmt.kind_of(found.value), found.label)

    def value(self, record: Any) -> str:
        return str(state_of(record).label)


class ReturnTable(Table):
    """Returns, newest first."""

    number = LinkColumn(verbose_name=_("Return"), url=return_url)
    customer = Column(accessor="customer__name", verbose_name=_("Customer"), css="long")
    state = WordColumn(verbose_name=_("State"), empty_values=(), orderable=False)
    units = NumberColumn(verbose_name=_("Units"))
    received = NumberColumn(verbose_name=_("Received"))
    location = Column(accessor="location__name", verbose_name=_("To"), priority=2)
    requested_at = AgeColumn(verbose_name=_("Requested"), priority=2)

    caption = _("Returns")
    empty_title = _("No returns here")
    empty_help = _("Ask for a return on the page of the order whose goods come back.")

    def row_url(self, record: Any) -> str:
        return return_url(record)

    class Meta:
        sequence = ("number", "customer", "state", "units", "received", "location", "requested_at")
