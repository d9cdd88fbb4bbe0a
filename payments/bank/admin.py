"""Our bank accounts in the admin: finance sets them up; lines and payments are read there and moved by the pages."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin, ReadOnlyAdmin
from payments.bank.models import BankAccount, BankLine, BankStatement, PayerAccount, Payment

MONEY = frozenset({Role.FINANCE, Role.MANAGER})


@admin.register(BankAccount)
class BankAccountAdmin(MasterAdmin):
    view_roles = MONEY
    edit_roles = frozenset({Role.FINANCE})
    list_display = ["name", "iban", "currency"]
    search_fields = ["name", "iban"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Statements are recorded under them."""
        return ["iban", "currency"] if obj else []


@admin.register(BankStatement)
class BankStatementAdmin(ReadOnlyAdmin):
    view_roles = MONEY
    list_display = ["number", "account", "statement_date", "opening", "closing", "difference", "file_name"]
    list_filter = ["account"]
    list_select_related = ["account"]
    exclude = ["file_sha256", "event"]


@admin.register(BankLine)
class BankLineAdmin(ReadOnlyAdmin):
    view_roles = MONEY
    list_display = ["value_date", "counterparty", "amount", "matched", "currency", "account"]
    list_filter = ["account"]
    list_select_related = ["account"]
    search_fields = ["counterparty", "text", "reference", "bank_reference"]
    exclude = ["text_hash", "event"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.FINANCE})
    list_display = ["number", "customer", "amount", "applied", "currency", "clearing", "value_date"]
    list_filter = ["clearing"]
    list_select_related = ["customer"]
    search_fields = ["number", "customer__name", "customer__code"]
    exclude = ["event"]
    raw_id_fields = ["account", "customer", "bank_line"]


@admin.register(PayerAccount)
class PayerAccountAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.FINANCE})
    list_display = ["account", "customer", "uses"]
    list_select_related = ["customer"]
    search_fields = ["account", "customer__name", "customer__code"]
