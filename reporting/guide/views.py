"""The help on one page: the reader's role first, then the figures, then the keys."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.accounts.choices import Role
from oms.web import navigation
from oms.web.views import Page
from reporting.guide.choices import FIGURES, GUIDES

REPORTS = frozenset({Role.SALES, Role.APPROVER, Role.MANAGER, Role.FINANCE})
KEYS = (
    ("/", gettext_lazy("search everywhere")), ("?", gettext_lazy("the keys of this page")), ("j k", gettext_lazy("down and up in a table")),
    ("x", gettext_lazy("select the row")), ("Enter", gettext_lazy("open the row")), ("e", gettext_lazy("edit")), ("n", gettext_lazy("new order")),
    ("q", gettext_lazy("open a case about what the page shows")), ("[ ]", gettext_lazy("previous and next page of a table")),
    ("Ctrl .", gettext_lazy("on an order's line that is short or late: the product offered instead, and back")), ("Ctrl Del", gettext_lazy("empty the line")),
    ("Ctrl Enter", gettext_lazy("do the page's main thing")), ("Esc", gettext_lazy("back without loss")),
)  # fmt: skip


class Guide(Page):
    """A guide for each role (the reader's own first), what each figure counts, and the keys."""

    verb = "reporting.see_guide"
    title = gettext_lazy("Help")
    template_name = "reporting/guide/guide.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        roles: list[str] = list(self.request.user.roles)  # type: ignore[union-attr]
        order = sorted(GUIDES, key=lambda role: (role not in roles, list(GUIDES).index(role)))
        guides = [{"role": Role(role).label, "mine": role in roles, "steps": GUIDES[role]} for role in order]
        linked = bool(REPORTS.intersection(roles))
        figures = [{"figure": f, "url": reverse(f.where) if linked else ""} for f in FIGURES]
        pages = [(entry.key, entry.label, url) for entry, url in navigation.entries_for(self.request.user) if entry.key]
        return super().get_context_data(guides=guides, figures=figures, keys=KEYS, pages=pages, said=_("What each figure counts"), **kwargs)
