"""One effect per (principal, key): the first answer again for the same body, a refusal for another body.

The key's row is the first insert of its command: a second request with the key waits on it, until the first commits
(then its answer is replayed), rolls back (then the second does the work) or the lock timeout ends (409, try later).
Kept: success, in the transaction of the effect; refusals of the body itself (400, 422), after the rollback.
Never kept: 401, 403, 404, 409, 412, 429 and 5xx, which say something about the moment (RELIABILITY.md section 6.5).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import IntegrityError, OperationalError, connection
from django.utils.translation import gettext as _

from oms.events.services import LOCK_TIMEOUT, command, current, sqlstate, use_case
from oms.kernel.errors import Conflict, Invalid, OMSError, Unprocessable
from oms.kernel.sqlrows import Part, insert

MAX_KEY = 200
KEPT_DAYS = 30
UNIQUE = "idempotency_key_once"


@dataclass(frozen=True)
class Stored:
    """An answer as it was sent; `replayed` says it came from an earlier request."""

    status: int
    body: bytes
    replayed: bool = True


def body_hash(*parts: bytes) -> bytes:
    """sha256 over method, path and body, so that a key used elsewhere is another request."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.digest()


def in_flight() -> Conflict:
    """The refusal while the first request with this key is still being worked on."""
    return Conflict(
        _("A request with this key is still being worked on."), code="in_flight", retry_after=1,
        clears=_("Send the same request again in a moment."),
    )  # fmt: skip


def judge(kept_hash: bytes, hashed: bytes, status: int | None, response: bytes | None) -> Stored:
    """The answer to replay from a kept row. Raises Unprocessable `idempotency_mismatch`, Conflict `in_flight`."""
    if bytes(kept_hash) != hashed:
        raise Unprocessable(
            _("This key was used for another request."), code="idempotency_mismatch",
            clears=_("Use a new key for a new request."),
        )  # fmt: skip
    if status is None:
        raise in_flight()
    return Stored(status, bytes(response or b""))


def stored(principal_id: int, key: str, hashed: bytes) -> Stored | None:
    """What was answered to this key, or None when it is new. Raises as `judge`."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT body_hash, status_code, response FROM oms_idempotencykey WHERE principal_id = %s AND key = %s",
            [principal_id, key],
        )
        row = cursor.fetchone()
    return judge(row[0], hashed, row[1], row[2]) if row else None


CLAIM = """
INSERT INTO oms_idempotencykey (principal_id, key, body_hash) VALUES (%s, %s, %s)
ON CONFLICT (principal_id, key) DO NOTHING
"""


def claim(principal_id: int, key: str, hashed: bytes) -> Stored | None:
    """Part: take the key as the first insert of the command. None: it is yours, end with `answer`.

    Otherwise the answer to replay. Raises Unprocessable `idempotency_mismatch`, Conflict `in_flight`,
    Invalid `idempotency_key` for an empty or too long key.
    """
    current()
    if not 0 < len(key) <= MAX_KEY or "\x00" in key:
        raise Invalid(_("An idempotency key has 1 to %(n)s characters.") % {"n": MAX_KEY}, code="idempotency_key")
    try:
        with connection.cursor() as cursor:
            cursor.execute(CLAIM, [principal_id, key, hashed])
            if cursor.rowcount == 1:
                return None
    except OperationalError as error:
        if sqlstate(error) == LOCK_TIMEOUT:
            raise in_flight() from error
        raise
    return stored(principal_id, key, hashed)


def answer(principal_id: int, key: str, status: int, body: bytes) -> None:
    """Part: keep the answer with its effect, in the transaction that claimed the key."""
    current()
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE oms_idempotencykey SET status_code = %s, response = %s "
            "WHERE principal_id = %s AND key = %s AND status_code IS NULL",
            [status, body, principal_id, key],
        )
        assert cursor.rowcount == 1, "a key was answered that was not claimed"


KEY = {"principal_id": "bigint", "key": "text", "body_hash": "bytea", "status_code": "smallint", "response": "bytea"}


def kept(principal_id: int, key: str, hashed: bytes, status: int, body: bytes) -> Part:
    """Key and answer in one insert, to be written with the effect. On `taken(error)` roll back, then replay `stored`."""
    return insert("key", "oms_idempotencykey", KEY, [(principal_id, key, hashed, status, body)])


def taken(error: IntegrityError) -> bool:
    """Whether the insert failed because another request had this key first."""
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None) == UNIQUE


def once(
    name: str,
    key: str,
    hashed: bytes,
    work: Callable[[], tuple[int, bytes]],
    refuse: Callable[[OMSError], bytes],
    *,
    by: Any,
) -> Stored:
    """Run `work` (a use case and its rendered answer) in one command with its key; or replay.

    `refuse` renders a refusal of the body itself (Invalid, Unprocessable), which is kept and raised on;
    every other error is raised and leaves the key free.
    """

    @use_case(name)
    def frame(*, by: Any) -> Stored:
        kept = claim(by.pk, key, hashed)
        if kept is not None:
            return kept
        status, body = work()
        answer(by.pk, key, status, body)
        return Stored(status, body, replayed=False)

    try:
        return frame(by=by)
    except (Invalid, Unprocessable) as error:
        if error.code not in ("idempotency_key", "idempotency_mismatch"):
            with command(name, by=by):
                if claim(by.pk, key, hashed) is None:
                    answer(by.pk, key, error.status, refuse(error))
        raise


def forget(days: int = KEPT_DAYS) -> int:
    """Delete keys older than `days`; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM oms_idempotencykey WHERE created_at < now() - make_interval(days => %s)", [days])
        return cursor.rowcount
