"""Price lists in the admin: to read. Prices come by file, and a change by hand takes two persons."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.events.master import KeptInline, ReadOnlyAdmin
from orders.pricing.models import Price, PriceList


class PriceInline(KeptInline):
    model = Price


@admin.register(PriceList)
class PriceListAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.MANAGER, Role.FINANCE, Role.ADMINISTRATOR})
    list_display = ["code", "name", "scope", "customer", "group", "customer_class", "currency", "includes_tax", "valid_from", "valid_to"]
    list_filter = ["scope", "currency"]
    list_select_related = ["customer", "currency"]
    search_fields = ["code", "name"]
