"""Quotas in the admin: their maximum and end may change, what is used is counted."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin
from orders.holds.models import Quota


@admin.register(Quota)
class QuotaAdmin(MasterAdmin):
    edit_roles = frozenset({Role.MANAGER, Role.ADMINISTRATOR})
    list_display = ["id", "product", "family", "customer", "group", "post", "territory", "first", "last", "maximum", "used"]
    list_select_related = ["product", "customer", "post", "territory"]
    autocomplete_fields = ["product", "customer"]
    ordering = ["-first", "id"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What was taken is counted by entries."""
        return ["used"] if obj else []
