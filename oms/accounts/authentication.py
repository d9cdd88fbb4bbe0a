"""How the API knows who calls: a partner's key as bearer, or the session of a person signed in on the pages.

`PartnerKeyAuthentication` goes first in DRF's list, so that a missing sign-in answers 401 with `WWW-Authenticate`.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from oms.accounts.selectors import Principal, authenticate_key

__all__ = ["PartnerKeyAuthentication", "RequiresScope", "SessionAuthentication"]


class PartnerKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer oms_<prefix>_<secret>` → (principal, None); another scheme is left to the next class."""

    def authenticate(self, request: Request) -> tuple[Principal, None] | None:
        words = get_authorization_header(request).split()
        if not words or words[0].lower() != b"bearer":
            return None
        try:
            raw = words[1].decode("ascii") if len(words) == 2 else ""
        except UnicodeDecodeError:
            raw = ""
        principal = authenticate_key(raw)
        if principal is None or not principal.is_active:
            raise AuthenticationFailed(_("This key is unknown, expired or revoked."))
        return principal, None

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class RequiresScope(BasePermission):
    """A key may only use views whose `scope` it was given; a person in a session is limited by roles alone."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.user, Principal):
            return bool(request.user and request.user.is_authenticated)
        return view.scope in request.user.scopes


class PartnerKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API's description names a partner's key."""

    target_class = PartnerKeyAuthentication
    name = "partnerKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A partner's key: oms_<prefix>_<secret>"}
