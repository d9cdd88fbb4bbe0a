"""Feeds in the admin: connected by an administrator; what came is looked at on the pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.feeds.models import Feed, FeedReference
from oms.accounts.choices import Role
from oms.events.master import MasterAdmin, ReadOnlyAdmin


@admin.register(Feed)
class FeedAdmin(MasterAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["code", "name", "user", "next_seq", "active"]
    list_select_related = ["user"]
    search_fields = ["code", "name"]
    fields = ["code", "name", "user", "active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Its address and what it sent are known by these."""
        return ["code", "user"] if obj else []


@admin.register(FeedReference)
class FeedReferenceAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["feed", "kind", "code", "product", "location"]
    list_filter = ["feed", "kind"]
    list_select_related = ["feed", "product", "location"]
    search_fields = ["code"]
