"""Lanes in the admin; plan runs to read."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin, ReadOnlyAdmin
from orders.planning.models import Lane, PlanRun, RankPolicy


@admin.register(Lane)
class LaneAdmin(MasterAdmin):
    edit_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["location", "transit_zone", "transit_days", "carrier", "carrier_calendar", "unit_cost", "shipment_cost"]
    list_filter = ["location", "transit_zone"]
    list_select_related = ["location", "carrier_calendar"]


@admin.register(PlanRun)
class PlanRunAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["id", "state", "policy", "by", "started_at", "finished_at"]
    list_select_related = ["by"]
    ordering = ["-id"]


@admin.register(RankPolicy)
class RankPolicyAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["version", "active_from", "factors", "default_strategy", "criticality_allowance", "by"]
    list_select_related = ["by"]
    ordering = ["-version"]
