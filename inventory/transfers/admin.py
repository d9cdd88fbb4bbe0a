"""Transfers in the admin: to look at. How long they take is edited there."""

from __future__ import annotations

from django.contrib import admin

from inventory.transfers.models import Route, Transfer, TransferLine
from oms.events.master import KeptInline, MasterAdmin, ReadOnlyAdmin


@admin.register(Route)
class RouteAdmin(MasterAdmin):
    list_display = ["source", "target", "days"]
    list_select_related = ["source", "target"]


class LineInline(KeptInline):
    model = TransferLine


@admin.register(Transfer)
class TransferAdmin(ReadOnlyAdmin):
    list_display = ["number", "source", "target", "status", "ship_date", "arrival_date"]
    list_filter = ["status", "source", "target"]
    list_select_related = ["source", "target"]
    search_fields = ["number", "lines__product__sku"]
    inlines = [LineInline]
