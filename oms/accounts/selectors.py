"""Who acts: the system, a person, or a partner's machine with its key."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import ClassVar

from django.db import connection

from oms.accounts.models import User

KEY_MARK = "oms"

_system: User | None = None


def system_user() -> User:
    """The actor of everything the house does by itself; read once a process, again while it was not there."""
    global _system
    if _system is None:
        _system = User.objects.get(username="system", is_system=True)
    return _system


@dataclass(frozen=True)
class Principal:
    """A partner's machine acting as its user: enough to authorize and to name in events, without a second read."""

    pk: int
    username: str
    roles: tuple[str, ...]
    scopes: frozenset[str]
    is_active: bool
    is_system: ClassVar[bool] = False
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    def has_role(self, *roles: str) -> bool:
        """Whether the user holds at least one of `roles`."""
        return any(role in self.roles for role in roles)

    def __str__(self) -> str:
        return self.username


FIND_KEY = """
SELECT k.secret_hash, u.id, u.username, u.roles, k.scopes, u.is_active
FROM oms_partnerkey k JOIN oms_user u ON u.id = k.user_id
WHERE k.prefix = %s AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > now()) AND NOT u.is_system
"""


def authenticate_key(raw: str) -> Principal | None:
    """The principal of "oms_<prefix>_<secret>", or None when unknown, wrong, expired or revoked. One statement.

    A closed account is returned with `is_active=False`: authorize refuses it with its own reason.
    """
    mark, _, rest = raw.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != KEY_MARK or not prefix or not secret or "\x00" in raw:
        return None
    with connection.cursor() as cursor:
        cursor.execute(FIND_KEY, [prefix])
        row = cursor.fetchone()
    if row is None or not hmac.compare_digest(bytes(row[0]), hashlib.sha256(secret.encode()).digest()):
        return None
    _hash, pk, username, roles, scopes, is_active = row
    return Principal(pk, username, tuple(roles), frozenset(scopes), is_active)
