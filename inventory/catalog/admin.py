"""Products and locations in the admin: editable, never deleted (they are retired)."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin, TabularInline

from inventory.catalog.models import LocationStaff, Product, StorageLocation, Unit


class UnitInline(TabularInline):
    model = Unit
    extra = 0


class StaffInline(TabularInline):
    model = LocationStaff
    extra = 0
    autocomplete_fields = ["user"]


class Kept(ModelAdmin):
    """Master data stays: documents point to it."""

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Product)
class ProductAdmin(Kept):
    list_display = ["sku", "name", "status", "family", "base_unit", "minimum_quantity", "quantity_multiple", "reorder_level"]
    list_filter = ["status", "track_lots"]
    search_fields = ["sku", "name", "gtin"]
    inlines = [UnitInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What documents and stock are counted in does not change under them."""
        return ["sku", "base_unit"] if obj else []


@admin.register(StorageLocation)
class StorageLocationAdmin(Kept):
    list_display = ["code", "name", "active", "timezone", "calendar", "cut_off", "lead_time_days", "capacity"]
    list_filter = ["active"]
    search_fields = ["code", "name"]
    inlines = [StaffInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Files and interfaces know the location by its code."""
        return ["code"] if obj else []
