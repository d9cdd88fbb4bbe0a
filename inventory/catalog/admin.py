"""Products and locations in the admin: editable, never deleted (they are retired)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from inventory.catalog.models import LocationStaff, Product, StorageLocation, Substitute, Unit
from oms.events.master import KeptInline, MasterAdmin


class UnitInline(KeptInline):
    model = Unit


class SubstituteInline(KeptInline):
    model = Substitute
    fk_name = "product"
    autocomplete_fields = ["instead"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is no good instead is taken off the list; orders keep what they were given."""
        return self.may_edit(request)


class StaffInline(KeptInline):
    model = LocationStaff
    autocomplete_fields = ["user"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who leaves a location is taken off its list."""
        return self.may_edit(request)


@admin.register(Product)
class ProductAdmin(MasterAdmin):
    list_display = ["sku", "name", "status", "family", "base_unit", "minimum_quantity", "quantity_multiple", "reorder_level"]
    list_filter = ["status", "track_lots"]
    search_fields = ["sku", "name", "gtin"]
    inlines = [UnitInline, SubstituteInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What documents and stock are counted in does not change under them."""
        return ["sku", "base_unit"] if obj else []


@admin.register(StorageLocation)
class StorageLocationAdmin(MasterAdmin):
    list_display = ["code", "name", "active", "timezone", "calendar", "cut_off", "lead_time_days", "capacity"]
    list_filter = ["active"]
    search_fields = ["code", "name"]
    inlines = [StaffInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Files and interfaces know the location by its code."""
        return ["code"] if obj else []
