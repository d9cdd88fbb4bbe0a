"""A page's table as a file, read as one person would read it now: the page itself makes it, with its rights and its row filter."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import Resolver404, resolve
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import override

from oms.company.selectors import company_zone
from oms.kernel.errors import Invalid
from oms.web.views import ListPage


def table_at(path: str) -> tuple[type[ListPage], Any]:
    """(page, match) of a path that shows a table. Raises Invalid `no_table`."""
    parts = urlsplit(path)
    try:
        match = resolve(parts.path) if not parts.scheme and not parts.netloc else None
    except Resolver404:
        match = None
    view = getattr(match.func, "view_class", None) if match else None
    if match is None or view is None or not issubclass(view, ListPage):
        raise Invalid(_("There is no table at this address."), code="no_table")
    return view, match


def title_of(path: str) -> str:
    """What a page is called, where it has one name."""
    view, _match = table_at(path)
    return str(view.title) if view.title else _("Table")


def render(path: str, user: Any, file_format: str, title: str) -> tuple[str, bytes]:
    """(file name, content) of the whole table of a page as `user` would export it. Raises Invalid `no_table` and what the page refuses."""
    _view, match = table_at(path)
    parts = urlsplit(path)
    query = QueryDict(parts.query, mutable=True)
    query["export"] = file_format
    request = RequestFactory().get(parts.path, query_params=query)
    request.user, request.csp_nonce = user, ""  # type: ignore[attr-defined]
    with override(user.language or settings.LANGUAGE_CODE), timezone.override(company_zone()):
        answer = match.func(request, *match.args, **match.kwargs)
        if answer.status_code != 200:
            raise Invalid(_("The page answers %(status)s.") % {"status": answer.status_code}, code="no_table")
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    return f"{slugify(title) or 'table'}-{timezone.localdate()}.{file_format}", content
