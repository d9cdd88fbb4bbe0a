"""Carriers in the admin: how they are spoken with, their services, sheets and surcharges, and the rules by which one is chosen."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _

from oms.accounts.choices import Role
from oms.events.master import KeptInline, MasterAdmin, ReadOnlyAdmin
from orders.carriers.models import (
    Carrier,
    CarrierRate,
    CarrierRule,
    CarrierService,
    CarrierSurcharge,
    RateSheet,
    TrackingEvent,
)

WHO = frozenset({Role.ADMINISTRATOR, Role.MANAGER})


class CarrierForm(forms.ModelForm):
    """The secret and the credentials are typed, kept when nothing is typed, and never shown."""

    secret = forms.CharField(required=False, max_length=200, widget=forms.PasswordInput, help_text=Carrier._meta.get_field("secret").help_text)

    credentials = forms.JSONField(required=False, initial=None, help_text=Carrier._meta.get_field("credentials").help_text)

    class Meta:
        model = Carrier
        fields = ["code", "name", "connection", "calendar", "secret", "provider", "credentials", "silent_days", "active"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.pop("credentials", None)

    def clean_secret(self) -> str:
        return self.cleaned_data["secret"] or self.instance.secret

    def clean_credentials(self) -> dict[str, Any]:
        typed = self.cleaned_data["credentials"]
        if typed and not isinstance(typed, dict):
            raise forms.ValidationError(_("An object of names and values."))
        return typed or self.instance.credentials


class ServiceInline(KeptInline):
    model = CarrierService
    fields = ["code", "name", "divisor", "max_parcel_g", "active"]


@admin.register(Carrier)
class CarrierAdmin(MasterAdmin):
    view_roles = WHO
    form = CarrierForm
    inlines = [ServiceInline]
    list_display = ["code", "name", "connection", "calendar", "silent_days", "active"]
    list_select_related = ["calendar"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Its address is known by the code."""
        return ["code"] if obj else []


class RateInline(KeptInline):
    model = CarrierRate


class SurchargeInline(KeptInline):
    model = CarrierSurcharge


@admin.register(RateSheet)
class RateSheetAdmin(MasterAdmin):
    view_roles = edit_roles = WHO
    inlines = [RateInline, SurchargeInline]
    list_display = ["service", "valid_from"]
    list_filter = ["service"]
    list_select_related = ["service__carrier"]
    ordering = ["service", "-valid_from"]


@admin.register(CarrierRule)
class CarrierRuleAdmin(MasterAdmin):
    view_roles = edit_roles = WHO
    list_display = ["position", "location", "up_to_criticality", "aim"]
    list_select_related = ["location"]


@admin.register(TrackingEvent)
class TrackingEventAdmin(ReadOnlyAdmin):
    view_roles = WHO
    list_display = ["at", "carrier", "tracking_number", "kind", "place", "text", "received_at"]
    list_filter = ["carrier", "kind"]
    list_select_related = ["carrier"]
    search_fields = ["tracking_number"]
    ordering = ["-id"]
