"""Use cases that open accounts, give roles and hand out partner keys. Events carry ids, roles and scopes, no names."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import IntegrityError
from django.utils import timezone
from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.accounts.models import PartnerKey, User
from oms.accounts.policies import authorize
from oms.accounts.selectors import KEY_MARK
from oms.events.models import Event
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound

PREFIX_BYTES, SECRET_BYTES = 6, 32


def _known(roles: Iterable[str]) -> list[str]:
    wanted = sorted(set(roles))
    unknown = [role for role in wanted if role not in Role.values]
    if unknown:
        raise Invalid(_("Unknown role: %(roles)s") % {"roles": ", ".join(unknown)}, code="unknown_role", roles=unknown)
    return wanted


def _locked_user(user_id: int) -> User:
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id, is_system=False).first()
    if user is None:
        raise NotFound(_("There is no such account."), code="no_account")
    return user


@use_case("access.create_user")
def create_user(
    username: str,
    *,
    by: Any,
    at: datetime | None = None,
    password: str | None = None,
    roles: Iterable[str] = (),
    first_name: str = "",
    last_name: str = "",
    email: str = "",
    is_staff: bool = False,
    language: str = "",
) -> User:
    """Open an account; without a password it can sign in only by what an administrator sends it.

    Only the system (demo, imports) gives roles in the same step: among people a second person does (`grant_roles`).
    Raises Conflict `username_taken`, Invalid `unknown_role`, Forbidden `two_persons`.
    """
    authorize(by, "access.create_user")
    wanted = _known(roles)
    if wanted and not by.is_system:
        raise Forbidden(_("Roles are given by a second person."), code="two_persons", clears=_("Ask a manager."))
    try:
        user = User.objects.create_user(
            username, email, password, roles=wanted, first_name=first_name, last_name=last_name,
            is_staff=is_staff, language=language,
        )
    except IntegrityError as error:
        raise Conflict(_("This user name is taken."), code="username_taken") from error
    current().event("user.created", [("user", user.pk)], {"user": user.pk, "roles": wanted})
    return user


@use_case("access.grant_roles")
def grant_roles(user_id: int, roles: Iterable[str], *, by: Any, at: datetime | None = None) -> User:
    """Set the roles of an account; neither its holder nor who opened it may (RELIABILITY.md I25)."""
    authorize(by, "access.grant_roles", user_id)
    user, wanted = _locked_user(user_id), _known(roles)
    opened_by = Event.objects.filter(name="user.created", subjects__kind="user", subjects__object_id=user_id)
    if not by.is_system and opened_by.filter(actor_id=by.pk).exists():
        raise Forbidden(
            _("Who opened an account may not give it roles."), code="two_persons", clears=_("Ask another manager.")
        )
    before, user.roles = user.roles, wanted
    user.save(update_fields=["roles"])
    data = {"user": user_id, "before": before, "after": wanted}
    current().event("user.roles_granted", [("user", user_id)], data)
    return user


@use_case("access.create_key")
def create_partner_key(
    user_id: int,
    name: str,
    scopes: Iterable[str],
    *,
    by: Any,
    at: datetime | None = None,
    expires_at: datetime | None = None,
) -> tuple[PartnerKey, str]:
    """A new key of an account and its raw secret, which is shown this once and kept nowhere."""
    authorize(by, "access.create_key", user_id)
    user, wanted = _locked_user(user_id), sorted(set(scopes))
    prefix, secret = secrets.token_hex(PREFIX_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    key = PartnerKey.objects.create(
        user=user, name=name, prefix=prefix, scopes=wanted, expires_at=expires_at,
        secret_hash=hashlib.sha256(secret.encode()).digest(),
    )
    data = {"user": user_id, "key": key.pk, "prefix": prefix, "scopes": wanted, "expires_at": expires_at}
    current().event("partner_key.created", [("user", user_id)], data)
    return key, f"{KEY_MARK}_{prefix}_{secret}"


@use_case("access.revoke_key")
def revoke_partner_key(key_id: int, *, by: Any, at: datetime | None = None) -> PartnerKey:
    """End a key now; revoking it again changes nothing."""
    key = PartnerKey.objects.select_for_update(no_key=True).filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."), code="no_key")
    authorize(by, "access.revoke_key", key.user_id)
    if key.revoked_at is None:
        key.revoked_at = timezone.now()
        key.save(update_fields=["revoked_at"])
        current().event("partner_key.revoked", [("user", key.user_id)], {"user": key.user_id, "key": key.pk})
    return key
