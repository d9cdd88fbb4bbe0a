"""Trading partners in the admin: connected by an administrator; their codes are looked at here and set by page and file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import URLField
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from oms.accounts.choices import Role
from oms.events.master import MasterAdmin, ReadOnlyAdmin
from orders.channels.models import CrossReference, TradingPartner, WebhookDelivery, WebhookEndpoint
from orders.channels.services import name_actor, new_secret, send_again


class PartnerForm(forms.ModelForm):
    """The secret is typed, kept when nothing is typed, and never shown."""

    secret = forms.CharField(required=False, max_length=200, widget=forms.PasswordInput, help_text=TradingPartner._meta.get_field("secret").help_text)

    class Meta:
        model = TradingPartner
        fields = ["code", "name", "format", "account", "customer", "prices", "places", "secret", "identity", "our_identity", "charset", "takes_tests", "active"]

    def clean_secret(self) -> str:
        return self.cleaned_data["secret"] or self.instance.secret


@admin.register(TradingPartner)
class TradingPartnerAdmin(MasterAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR})
    form = PartnerForm
    list_display = ["code", "name", "format", "customer", "prices", "active"]
    list_filter = ["format", "active"]
    list_select_related = ["customer"]
    search_fields = ["code", "name"]
    raw_id_fields = ["customer", "account"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Its address and its messages are known by these."""
        return ["code", "format"] if obj else []

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            name_actor(obj)
        super().save_model(request, obj, form, change)


@admin.register(CrossReference)
class CrossReferenceAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["partner", "kind", "code", "product", "customer", "address", "unit"]
    list_filter = ["partner", "kind"]
    list_select_related = ["partner", "product", "customer", "address"]
    search_fields = ["code"]


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(MasterAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["url", "user", "active", "failing_since"]
    list_filter = ["active"]
    list_select_related = ["user"]
    raw_id_fields = ["user"]
    formfield_overrides = {URLField: {"assume_scheme": "https"}}
    fields = ["user", "url", "active", "secret", "failing_since"]
    readonly_fields = ["secret", "failing_since"]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if not change:
            obj.secret = new_secret()
        if obj.active and "active" in form.changed_data:
            obj.failing_since = None
        super().save_model(request, obj, form, change)


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR})
    list_display = ["id", "endpoint", "event", "order", "status", "attempts", "answer", "due_at", "done_at"]
    list_filter = ["status", "endpoint"]
    list_select_related = ["endpoint", "event", "order"]
    actions = ["again"]

    @admin.action(description=gettext_lazy("Send again"))
    def again(self, request: HttpRequest, queryset: Any) -> None:
        """One use case a delivery."""
        for delivery in queryset:
            send_again(delivery.pk, by=request.user)
