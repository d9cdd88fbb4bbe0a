"""Orders in the admin: to read, through the same row filter as everywhere; they change through use cases."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from oms.accounts.choices import Role
from oms.events.master import KeptInline, ReadOnlyAdmin
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders


class LineInline(KeptInline):
    model = OrderLine
    fields = [
        "position", "kind", "product", "description", "unit_price", "discount", "price_source", "net", "quantity_ordered",
        "quantity_approved", "quantity_cancelled", "quantity_allocated", "quantity_shipped", "quantity_delivered",
        "quantity_returned", "quantity_invoiced",
    ]  # fmt: skip


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.MANAGER, Role.FINANCE})
    list_display = ["number", "customer", "status", "channel", "requested_date", "net", "total", "currency", "submitted_at"]
    list_filter = ["status", "channel"]
    list_select_related = ["customer", "currency"]
    search_fields = ["number", "customer_po", "external_id"]
    ordering = ["-id"]
    inlines = [LineInline]
    exclude = ["content_hash"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """The row filter."""
        return super().get_queryset(request).filter(pk__in=visible_orders(request.user).values("pk"))
