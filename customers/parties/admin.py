"""Customers in the admin: to read, through the same row filter as everywhere."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from customers.parties.models import Address, Contact, Customer
from customers.territory.selectors import customer_filter
from oms.accounts.choices import Role
from oms.events.master import KeptInline, ReadOnlyAdmin


class AddressInline(KeptInline):
    model = Address


class ContactInline(KeptInline):
    model = Contact


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.MANAGER, Role.FINANCE})
    list_display = ["code", "name", "status", "post", "customer_class", "currency", "terms_days"]
    list_filter = ["status", "customer_class"]
    list_select_related = ["post", "currency"]
    search_fields = ["code", "name", "vat_id"]
    inlines = [AddressInline, ContactInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        """The row filter."""
        return super().get_queryset(request).filter(customer_filter(request.user))
