"""Writes of the API that happen once: the Idempotency-Key of a request, and the first answer again."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
from django.http import HttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiTypes
from rest_framework.request import Request
from rest_framework.utils.encoders import JSONEncoder

from oms.events.idempotency import body_hash, once
from oms.kernel.errors import Invalid, OMSError
from oms.web.errors import PROBLEM, problem

Sent = TypeVar("Sent")
MAX_BODY = 5 * 1024 * 1024
KEY_PARAMETER = OpenApiParameter(
    "Idempotency-Key", OpenApiTypes.STR, OpenApiParameter.HEADER, required=True, description="Unique per effect; 200 characters."
)


def body_of(request: Request) -> bytes:
    """The raw body, of bounded size. Raises Invalid `too_large`."""
    body: bytes = request._request.body
    if len(body) > MAX_BODY:
        raise Invalid(_("The body is larger than %(n)s bytes.") % {"n": MAX_BODY}, code="too_large")
    return body


def decoded(request: Request, kind: type[Sent]) -> Sent:
    """The body as a msgspec structure. Raises Invalid `malformed` naming the place, `bad_character` for a NUL, which no column takes."""
    body = body_of(request)
    try:
        found = msgspec.json.decode(body or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Invalid(str(error), code="malformed") from error
    if b"\\u0000" in body:
        raise Invalid(_("A character is not possible here."), code="bad_character")
    return found


def key_of(request: Request) -> str:
    """The request's Idempotency-Key. Raises Invalid `idempotency_key_missing`."""
    key = request.headers.get("Idempotency-Key", "")
    if not 0 < len(key) <= 200:
        raise Invalid(_("Send an Idempotency-Key header of 1 to 200 characters."), code="idempotency_key_missing")
    return key


def encoded(data: Any) -> bytes:
    """Plain values, dates and decimals as JSON."""
    return json.dumps(data, cls=JSONEncoder, ensure_ascii=False, separators=(",", ":")).encode()


def answer_once(request: Request, name: str, work: Callable[[], Mapping[str, Any]], status: int = 200) -> HttpResponse:
    """Do `work` (a use case; its answer) under the request's key, in one transaction; or give the first answer again.

    Raises what the use case raises, Unprocessable `idempotency_mismatch` for another request with the key, Conflict `in_flight`.
    """
    hashed = body_hash(str(request.method).encode(), request.path.encode(), body_of(request))

    def refuse(error: OMSError) -> bytes:
        return encoded(problem(error))

    kept = once(name, key_of(request), hashed, lambda: (status, encoded(work())), refuse, by=request.user)
    kind = "application/json" if kept.status < 400 else PROBLEM
    return HttpResponse(kept.body, status=kept.status, content_type=kind, headers={"Idempotent-Replayed": "true"} if kept.replayed else {})
