"""Which form an API answer takes: as in Django REST framework, without its work for clients that take any."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class Negotiation(DefaultContentNegotiation):
    """A view's first renderer for `Accept: */*` or none at all; everything else as ever."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        if request.META.get("HTTP_ACCEPT", "*/*") == "*/*" and not request.META.get("QUERY_STRING") and not format_suffix:
            first = next(iter(renderers))
            return first, first.media_type
        return cast(tuple[BaseRenderer, str], super().select_renderer(request, renderers, format_suffix))
