"""People in the admin: read and search; accounts are opened and given roles by the use cases of `oms.access`."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from oms.accounts.models import PartnerKey, User


class ReadOnlyAdmin(ModelAdmin):
    """Shows, searches, never edits: documents change through use cases (ARCHITECTURE.md rule 9)."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class UserAdmin(ReadOnlyAdmin):
    list_display = ["username", "first_name", "last_name", "roles", "is_active", "last_login"]
    search_fields = ["username", "first_name", "last_name"]
    fields = ["username", "first_name", "last_name", "email", "roles", "is_active", "language", "last_login"]
    ordering = ["username"]


@admin.register(PartnerKey)
class PartnerKeyAdmin(ReadOnlyAdmin):
    list_display = ["name", "user", "prefix", "scopes", "created_at", "expires_at", "revoked_at"]
    fields = ["name", "user", "prefix", "scopes", "created_at", "expires_at", "revoked_at"]
