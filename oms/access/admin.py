"""People and keys in the admin: read and search; accounts are opened and given roles by the use cases of this room."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.accounts.models import PartnerKey, User
from oms.events.master import ReadOnlyAdmin


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["username", "first_name", "last_name", "roles", "is_active", "last_login"]
    search_fields = ["username", "first_name", "last_name"]
    fields = ["username", "first_name", "last_name", "email", "roles", "is_active", "language", "last_login"]
    ordering = ["username"]


@admin.register(PartnerKey)
class PartnerKeyAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["name", "user", "prefix", "scopes", "created_at", "expires_at", "revoked_at"]
    fields = ["name", "user", "prefix", "scopes", "created_at", "expires_at", "revoked_at"]
