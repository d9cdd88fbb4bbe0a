"""What every page's answer passes: errors become clear refusals, and the browser is told what it may run."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.backends.signals import connection_created
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from oms.web.errors import as_oms_error, page_response

GetResponse = Callable[[HttpRequest], HttpResponse]


class RefusalMiddleware:
    """Answers uncaught errors of pages as refusals; a defect gets an error id (with DEBUG: Django's own page)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Called by Django for whatever a view raised; the API's own handler has seen its errors before."""
        if settings.DEBUG and as_oms_error(exception) is None:
            return None
        return page_response(request, exception)


class PlanMiddleware:
    """Reads are planned with their values, so that partial indexes and the width of a filter count; writes keep the generic
    plans of the role, which cost no planning (WRITE_PATH.md). One small statement when a connection changes sides.
    """

    READS = ("GET", "HEAD", "OPTIONS")

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reading.set(request.method in self.READS)
        if connection.connection is not None:
            set_plans(connection)
        return self.get_response(request)


reading: ContextVar[bool] = ContextVar("reading", default=False)


def set_plans(connection: Any, **_kwargs: Any) -> None:
    """Bring an open connection to the plans of what this thread does now; those of its role before anybody asks.

    Not behind a pooler (PREPARE_STATEMENTS off): the session, and what is set in it, would go on to others.
    """
    session = connection.connection
    if session.prepare_threshold is not None and reading.get() != getattr(session, "oms_reading", False):
        session.execute("SET plan_cache_mode = auto" if reading.get() else "RESET plan_cache_mode")
        session.oms_reading = reading.get()


connection_created.connect(set_plans, dispatch_uid="oms.web.set_plans")


class ContentSecurityMiddleware:
    """A strict Content-Security-Policy: scripts only with this answer's nonce; the admin alone may evaluate.

    A view that needs another policy sets the header itself. Templates take the nonce from `request.csp_nonce`.
    """

    COMMON = (
        "default-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.csp_nonce = SimpleLazyObject(lambda: secrets.token_urlsafe(16))  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", "geolocation=(), microphone=(), payment=(), usb=()")
        ours = not (settings.DEBUG and response.status_code == 500)  # Django's own error page is inline
        if ours and "Content-Security-Policy" not in response:
            response["Content-Security-Policy"] = self._policy(request)
        if response.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    def _policy(self, request: HttpRequest) -> str:
        if request.path.startswith(_admin_path()):
            return f"{self.COMMON}; script-src 'self' 'unsafe-eval' 'unsafe-inline'; style-src 'self' 'unsafe-inline'"
        nonce = request.csp_nonce  # type: ignore[attr-defined]
        return f"{self.COMMON}; script-src 'nonce-{nonce}'; style-src 'self'"


@cache
def _admin_path() -> str:
    try:
        return reverse("admin:index")
    except NoReverseMatch:
        return "/admin/"
