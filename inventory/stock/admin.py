"""Stock in the admin: to look at. It moves through the use cases only."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from inventory.stock.models import Availability, Balance, ExpectedReceipt, Movement


class ReadOnly(ModelAdmin):
    """Nothing is added, changed or deleted here."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Balance)
class BalanceAdmin(ReadOnly):
    list_display = ["product", "location", "bin", "lot", "expires_on", "on_hand", "allocated", "blocked"]
    list_filter = ["location"]
    list_select_related = ["product", "location"]
    search_fields = ["product__sku", "lot", "bin"]


@admin.register(Movement)
class MovementAdmin(ReadOnly):
    list_display = ["id", "product", "location", "kind", "quantity", "allocated", "blocked", "reason", "occurred_at"]
    list_filter = ["kind", "location"]
    list_select_related = ["product", "location"]
    search_fields = ["product__sku", "source"]
    ordering = ["-id"]


@admin.register(ExpectedReceipt)
class ExpectedReceiptAdmin(ReadOnly):
    list_display = ["reference", "product", "location", "available_date", "quantity", "received", "status"]
    list_filter = ["status", "location"]
    list_select_related = ["product", "location"]
    search_fields = ["reference", "product__sku"]


@admin.register(Availability)
class AvailabilityAdmin(ReadOnly):
    list_display = ["product", "location", "days", "free", "safety", "shortfall", "layout_version"]
    list_filter = ["location"]
    list_select_related = ["product", "location"]
    search_fields = ["product__sku"]
