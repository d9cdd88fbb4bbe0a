"""Service levels in the admin."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin
from orders.service.models import ServiceLevel


@admin.register(ServiceLevel)
class ServiceLevelAdmin(MasterAdmin):
    edit_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["kind", "priority", "respond_hours", "resolve_hours", "calendar", "opens", "closes"]
    list_select_related = ["calendar"]
