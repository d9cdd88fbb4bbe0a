"""The company's own data in the admin: edited by the administrator; tax and numbers by finance."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy, ngettext

from oms.accounts.choices import Role
from oms.company.models import Calendar, CalendarDay, Company, Currency, NumberSeries, ReasonCode, TaxRule
from oms.company.selectors import company
from oms.company.services import add_holidays
from oms.events.master import KeptInline, MasterAdmin, ReadOnlyAdmin


@admin.register(Company)
class CompanyAdmin(MasterAdmin):
    list_display = ["name", "currency", "country", "timezone"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """One legal entity."""
        return not Company.objects.exists() and super().has_add_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Bank details are a two-person change; the currency is in every document."""
        return ["currency", "iban"] if obj else []


@admin.register(Currency)
class CurrencyAdmin(MasterAdmin):
    list_display = ["code", "exponent"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Amounts were rounded by it."""
        return ["code", "exponent"] if obj else []


@admin.register(TaxRule)
class TaxRuleAdmin(MasterAdmin):
    edit_roles = frozenset({Role.FINANCE})
    list_display = ["tax_class", "tax_status", "ship_from", "ship_to", "valid_from", "valid_to", "category", "rate"]
    list_filter = ["tax_class", "tax_status", "category"]


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnlyAdmin):
    list_display = ["code", "prefix", "next_number"]


class DayInline(KeptInline):
    model = CalendarDay

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A holiday entered by mistake is taken out again."""
        return self.may_edit(request)


@admin.register(Calendar)
class CalendarAdmin(MasterAdmin):
    list_display = ["code", "name", "weekdays"]
    search_fields = ["code", "name"]
    inlines = [DayInline]
    actions = ["add_public_holidays"]

    @admin.action(description=gettext_lazy("Add the public holidays of the company's country, this year and next"), permissions=["change"])
    def add_public_holidays(self, request: HttpRequest, queryset: QuerySet[Calendar]) -> None:
        """One use case a calendar; days it names already stay."""
        country, year = company().country, timezone.localdate().year
        added = sum(add_holidays(c.code, country, [year, year + 1], by=request.user) for c in queryset)
        self.message_user(request, ngettext("%(n)s holiday is new.", "%(n)s holidays are new.", added) % {"n": added})


@admin.register(ReasonCode)
class ReasonCodeAdmin(MasterAdmin):
    list_display = ["kind", "code", "text", "controllable", "party", "active"]
    list_filter = ["kind", "active"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Documents carry the code."""
        return ["kind", "code"] if obj else []
