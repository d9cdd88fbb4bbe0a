"""Stock in the admin: to look at. It moves through the use cases only."""

from __future__ import annotations

from django.contrib import admin

from inventory.stock.models import Availability, Balance, ExpectedReceipt, Movement
from oms.events.master import ReadOnlyAdmin


@admin.register(Balance)
class BalanceAdmin(ReadOnlyAdmin):
    list_display = ["product", "location", "bin", "lot", "expires_on", "on_hand", "allocated", "blocked"]
    list_filter = ["location"]
    list_select_related = ["product", "location"]
    search_fields = ["product__sku", "lot", "bin"]


@admin.register(Movement)
class MovementAdmin(ReadOnlyAdmin):
    list_display = ["id", "product", "location", "kind", "quantity", "allocated", "blocked", "reason", "occurred_at"]
    list_filter = ["kind", "location"]
    list_select_related = ["product", "location"]
    search_fields = ["product__sku", "source"]
    ordering = ["-id"]


@admin.register(ExpectedReceipt)
class ExpectedReceiptAdmin(ReadOnlyAdmin):
    list_display = ["reference", "product", "location", "available_date", "quantity", "received", "status"]
    list_filter = ["status", "location"]
    list_select_related = ["product", "location"]
    search_fields = ["reference", "product__sku"]


@admin.register(Availability)
class AvailabilityAdmin(ReadOnlyAdmin):
    list_display = ["product", "location", "days", "free", "safety", "shortfall", "layout_version"]
    list_filter = ["location"]
    list_select_related = ["product", "location"]
    search_fields = ["product__sku"]
