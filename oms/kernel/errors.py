"""Errors that carry data: one class per HTTP meaning, one code per rule.

Every error says which rule refused (`code`), in one sentence (`message`), with what numbers (`data`),
who may release it (`who`) and what would clear it (`clears`). Pages, API (RFC 9457) and files show the same.
"""

from __future__ import annotations

from typing import Any


class OMSError(Exception):
    """Base of every refusal. `message` may be a lazy translation; `data` holds plain JSON values."""

    status = 500
    default_code = "error"

    def __init__(
        self,
        message: Any,
        *,
        code: str | None = None,
        who: Any = "",
        clears: Any = "",
        **data: Any,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.who = who
        self.clears = clears
        self.data = data

    def __str__(self) -> str:
        return str(self.message)


class Invalid(OMSError):
    """The input itself is wrong (400). `data["errors"]` may list {field, row, column, message}."""

    status = 400
    default_code = "invalid"


class Forbidden(OMSError):
    """The actor may not do this (403)."""

    status = 403
    default_code = "forbidden"


class NotFound(OMSError):
    """No such thing within what the actor may see (404)."""

    status = 404
    default_code = "not_found"


class Conflict(OMSError):
    """The state of the world does not allow it now (409)."""

    status = 409
    default_code = "conflict"


class Stale(OMSError):
    """Somebody changed the thing since it was read (412)."""

    status = 412
    default_code = "stale"


class Unprocessable(OMSError):
    """Understood, but a rule refuses it (422)."""

    status = 422
    default_code = "unprocessable"


class Limited(OMSError):
    """Too many requests (429)."""

    status = 429
    default_code = "limited"


class Unavailable(OMSError):
    """A resource is busy or full (503); `data["retry_after"]` seconds."""

    status = 503
    default_code = "unavailable"
