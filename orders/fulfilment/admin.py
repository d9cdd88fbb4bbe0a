"""When locations release their waves, in the admin."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin
from orders.fulfilment.models import WaveTime


@admin.register(WaveTime)
class WaveTimeAdmin(MasterAdmin):
    edit_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["location", "at", "active"]
    list_filter = ["location", "active"]
    list_select_related = ["location"]
    ordering = ["location", "at"]
