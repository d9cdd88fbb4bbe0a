"""The audit trail and the outbox in the admin: to read, and to have given-up work tried again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from oms.accounts.choices import Role
from oms.events.master import ReadOnlyAdmin
from oms.events.models import Delivery, Event, EventSubject


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.FINANCE})
    list_display = ["id", "name", "actor", "at", "recorded_at"]
    list_select_related = ["actor"]
    list_filter = ["name"]
    fields = ["id", "name", "actor", "at", "recorded_at", "facts", "subjects_text"]
    ordering = ["-id"]

    @admin.display(description=_("data"))
    def facts(self, event: Event) -> Any:
        """Ids, amounts and codes, as sealed."""
        return event.data

    @admin.display(description=_("subjects"))
    def subjects_text(self, event: Event) -> str:
        """What the event is about."""
        pairs = EventSubject.objects.filter(event=event).values_list("kind", "object_id")
        return ", ".join(f"{kind} {key}" for kind, key in pairs)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.ADMINISTRATOR, Role.MANAGER})
    list_display = ["event", "consumer", "status", "attempts", "due_at", "error"]
    list_filter = ["status", "consumer"]
    list_select_related = ["event"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> Any:
        """What is done leaves the outbox's table of interest: open and given-up rows first."""
        return super().get_queryset(request).order_by("status", "-id")
