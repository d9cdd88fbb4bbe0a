"""Invoices in the admin: read."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin, ReadOnlyAdmin
from payments.billing.models import BillingTerms, Invoice


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.FINANCE})
    list_display = ["number", "customer", "order_number", "invoice_date", "due_date", "total", "applied", "credited", "currency"]
    list_select_related = ["customer"]
    search_fields = ["number", "order_number", "customer__name", "customer__code"]
    exclude = ["event"]
    raw_id_fields = ["account", "customer"]


@admin.register(BillingTerms)
class BillingTermsAdmin(MasterAdmin):
    view_roles = frozenset({Role.FINANCE, Role.MANAGER})
    edit_roles = frozenset({Role.FINANCE})
    list_display = ["customer", "timing", "instalments", "discount_share", "discount_days", "match_from"]
    list_select_related = ["customer"]
    search_fields = ["customer__name", "customer__code"]
    raw_id_fields = ["customer"]
