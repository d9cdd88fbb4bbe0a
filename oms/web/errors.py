"""One mapping of every error to what is answered: problem details for the API (RFC 9457), a page, a fragment.

`as_oms_error` turns whatever was raised into an `OMSError` (or None: a defect of ours, answered 500 with an error id).
"""

from __future__ import annotations

import json
import logging
import uuid
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import DatabaseError, DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.multipartparser import MultiPartParserError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions as drf
from rest_framework.response import Response
from rest_framework.views import set_rollback

from oms.events.services import busy
from oms.kernel.errors import Conflict, Forbidden, Invalid, Limited, NotFound, OMSError, Unavailable

log = logging.getLogger("oms.web")

DISK_FULL, OUT_OF_RESOURCES = "53100", "53"
DRIVERS_RANGE = "int too big to convert"  # the driver finds a number beyond eight bytes before the database does
PROBLEM = "application/problem+json"


def error_id() -> str:
    """A short id that stands in the log and on the page, so that the one is found from the other."""
    return uuid.uuid4().hex[:12]


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's code of a database error, "" when there is none (the connection itself failed)."""
    return getattr(error.__cause__, "sqlstate", None) or ""


def constraint_of(error: BaseException) -> str:
    """The name of the constraint that refused, "" when the database did not name one."""
    return getattr(getattr(error.__cause__, "diag", None), "constraint_name", None) or ""


def _database_error(error: DatabaseError | InterfaceError) -> OMSError | None:
    state = sqlstate(error)
    if isinstance(error, OperationalError) and (known := busy(error)):
        return known
    if state == DISK_FULL:
        full = Unavailable(_("The disk is full; nothing was changed."), code="storage_full", retry_after=60)
        full.status = HTTPStatus.INSUFFICIENT_STORAGE
        return full
    if isinstance(error, InterfaceError | OperationalError) and (
        not state or state[:2] in ("08", "57", OUT_OF_RESOURCES)
    ):
        return Unavailable(
            _("The database can't be reached right now; nothing was changed."),
            code="database_unavailable",
            retry_after=5,
            clears=_("Try again in a moment."),
        )
    if isinstance(error, IntegrityError):
        rule = constraint_of(error)
        return Conflict(
            _("The database refused this (rule %(rule)s); nothing was changed.") % {"rule": rule or state},
            code=rule or "integrity",
            clears=_("Load the page again and check what changed."),
        )
    return _unstorable() if isinstance(error, DataError) else None


def _unstorable() -> OMSError:
    return Invalid(_("A value is out of range or holds characters that can't be stored."), code="data")


def _validation_errors(detail: Any, field: str = "") -> list[dict[str, str]]:
    """DRF's nested detail as flat rows {field, message}; the field of a nested one is dotted."""
    if isinstance(detail, dict):
        return [row for key, part in detail.items()
                for row in _validation_errors(part, f"{field}.{key}" if field else str(key))]  # fmt: skip
    if isinstance(detail, list):
        nested = any(isinstance(part, dict | list) for part in detail)
        return [row for i, part in enumerate(detail)
                for row in _validation_errors(part, f"{field}.{i}" if nested and field else field)]  # fmt: skip
    return [{"field": field, "message": str(detail)}]


def _api_error(error: drf.APIException) -> OMSError:
    if isinstance(error, drf.ValidationError):
        return Invalid(_("Some values are wrong."), errors=_validation_errors(error.detail))
    kinds = {400: Invalid, 403: Forbidden, 404: NotFound, 429: Limited, 503: Unavailable}
    made = kinds.get(error.status_code, OMSError)(str(error.detail), code=str(error.default_code))
    made.status = error.status_code
    if wait := getattr(error, "wait", None):
        made.data["retry_after"] = int(wait) + 1
    return made


def as_oms_error(error: BaseException) -> OMSError | None:
    """The refusal that `error` means, or None when it is a defect of ours."""
    if isinstance(error, OMSError):
        return error
    if isinstance(error, DatabaseError | InterfaceError):
        return _database_error(error)
    if isinstance(error, OverflowError) and str(error) == DRIVERS_RANGE:
        return _unstorable()
    if isinstance(error, drf.APIException):
        return _api_error(error)
    if isinstance(error, Http404):
        return NotFound(_("There is no such page, or it is not yours to see."))
    if isinstance(error, PermissionDenied):
        return Forbidden(str(error) or _("You may not do this."))
    if isinstance(error, DjangoValidationError):
        return Invalid(" ".join(error.messages))
    if isinstance(error, BadRequest | MultiPartParserError):
        return Invalid(_("The request can't be read."), code="bad_request")
    return None


def problem(error: OMSError, instance: str = "") -> dict[str, Any]:
    """RFC 9457 problem details: type, title, status, detail, plus code, who, clears and the error's data."""
    try:
        title = HTTPStatus(error.status).phrase
    except ValueError:
        title = str(error.status)
    body = {
        **error.data,
        "type": f"urn:oms:problem:{error.code}",
        "title": title,
        "status": int(error.status),
        "detail": str(error.message),
        "code": error.code,
    }
    for name, value in (("who", error.who), ("clears", error.clears), ("instance", instance)):
        if value:
            body[name] = str(value)
    return body


def _defect() -> OMSError:
    return OMSError(
        _("Something went wrong on our side; nothing was changed."),
        code="internal",
        clears=_("Try again. If it happens again, tell your administrator the error id."),
    )


def _noted(error: BaseException, request: HttpRequest | None) -> tuple[OMSError, str]:
    """What to answer, and the error id when it is a 5xx or a rule only the database knew (both are logged)."""
    known = as_oms_error(error)
    answer = known or _defect()
    if answer.status < 500 and not isinstance(error, IntegrityError):
        return answer, ""
    ident = error_id()
    log.error(
        "request failed: %s", error, exc_info=error if known is None or answer is not error else None,
        extra={"error_id": ident, "code": answer.code, "path": getattr(request, "path", "")},
    )  # fmt: skip
    return answer, ident


def api_exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: every error as application/problem+json, with Retry-After where it says when."""
    answer, ident = _noted(exc, context.get("request"))
    set_rollback()
    headers = {}
    if header := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = header
    if "retry_after" in answer.data:
        headers["Retry-After"] = str(answer.data["retry_after"])
    body = problem(answer, f"urn:oms:error:{ident}" if ident else "")
    return Response(body, status=answer.status, headers=headers, content_type=PROBLEM)


def _wants_json(request: HttpRequest) -> bool:
    preferred = request.get_preferred_type(["text/html", "application/json"])
    return request.path.startswith("/api/") or preferred == "application/json"


def page_response(request: HttpRequest, error: BaseException) -> HttpResponse:
    """The answer of a page to an error: the refusal as a page; for htmx as a fragment for `#refusals`; else JSON."""
    answer, ident = _noted(error, request)
    if _wants_json(request):
        body = json.dumps(problem(answer, f"urn:oms:error:{ident}" if ident else ""), default=str)
        response = HttpResponse(body, content_type=PROBLEM, status=answer.status)
    elif request.headers.get("HX-Request") and not request.headers.get("HX-Boosted"):
        html = render_to_string("oms/web/components/refusal.html", {"error": answer, "error_id": ident})
        response = HttpResponse(html, status=answer.status)
        response["HX-Retarget"], response["HX-Reswap"] = "#refusals", "innerHTML show:window:top"
    else:
        response = HttpResponse(_page(request, answer, ident), status=answer.status)
    if "retry_after" in answer.data:
        response["Retry-After"] = str(answer.data["retry_after"])
    return response


TITLES = {
    400: gettext_lazy("That request can't be read"),
    403: gettext_lazy("That is not yours to do"),
    404: gettext_lazy("Not found"),
    409: gettext_lazy("That can't be done now"),
    412: gettext_lazy("Somebody changed this meanwhile"),
    422: gettext_lazy("That can't be done"),
    429: gettext_lazy("Too many requests"),
    503: gettext_lazy("Not available right now"),
    507: gettext_lazy("Not available right now"),
}


def _page(request: HttpRequest, answer: OMSError, ident: str) -> str:
    """The whole page; without the shell when the database may be gone, since the shell asks who is signed in."""
    title = TITLES.get(answer.status, gettext_lazy("Something went wrong"))
    context = {"error": answer, "error_id": ident, "title": title}
    if answer.status >= 500:
        return render_to_string("oms/web/error_alone.html", context)
    return render_to_string("oms/web/error.html", context, request=request)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler400."""
    return page_response(request, BadRequest(str(exception)))


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler403."""
    return page_response(request, exception)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """handler404."""
    return page_response(request, exception)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: the form was too old or came from elsewhere."""
    return page_response(
        request,
        Forbidden(
            _("This form was open too long or was sent from another page, so it was not accepted."),
            code="csrf",
            clears=_("Go back, load the page again and send it once more."),
        ),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: only reached when even the middleware failed."""
    ident = error_id()
    log.error("unhandled error", exc_info=True, extra={"error_id": ident, "path": request.path})
    return HttpResponse(_page(request, _defect(), ident), status=500)
