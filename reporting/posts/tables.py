"""The table of posts."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from oms.web.tables import Column, DayColumn, LinkColumn, NumberColumn, Table


class HolderColumn(Column):
    """Who holds the post; a vacant one stands out."""

    def render(self, value: Any) -> Any:
        return value if value else format_html('<span class="state attention">{}</span>', _("vacant"))


class PostTable(Table):
    """A post a row."""

    name = LinkColumn(verbose_name=_("Post"), url=lambda r: reverse("reporting:post-detail", args=[r.code]))
    territory = Column(verbose_name=_("Territory"), priority=2)
    holder = HolderColumn(verbose_name=_("Held by"), empty_values=())
    since = DayColumn(verbose_name=_("Since"), priority=2)
    next_holder = Column(verbose_name=_("Then"), priority=3)
    customers = NumberColumn(verbose_name=_("Customers"))
    waiting = NumberColumn(verbose_name=_("Orders to approve"), priority=2)
    open = NumberColumn(verbose_name=_("Open orders"), priority=2)

    caption = _("Posts")
    empty_title = _("No posts")
    empty_help = _("Posts below yours stand here. An administrator sets up the tree of territories and posts.")

    def row_url(self, record: Any) -> str:
        return reverse("reporting:post-detail", args=[record.code])

    def row_id(self, record: Any) -> str:
        return str(record.code)

    class Meta:
        sequence = ("name", "territory", "holder", "since", "next_holder", "customers", "waiting", "open")
