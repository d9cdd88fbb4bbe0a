"""The two kinds of admin pages: documents are only read there; master data is edited, each save a command with its event.

Roles decide, not Django's permission rows: `master.view` opens the admin's pages, `view_roles` narrows one of them, and
`edit_roles` says who may change this kind of master data. Nothing is deleted: what documents point to is retired.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponse
from unfold.admin import ModelAdmin, TabularInline

from oms.accounts.choices import Role
from oms.accounts.policies import may
from oms.events.services import command


class ReadOnlyAdmin(ModelAdmin):
    """Shows, searches, never edits: documents change through use cases (ARCHITECTURE.md rule 9)."""

    view_roles: ClassVar[frozenset[str]] = frozenset({Role.ADMINISTRATOR, Role.MANAGER, Role.FINANCE})
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        user = request.user
        return user.is_active and may(user, "master.view") and bool(self.view_roles.intersection(user.roles))  # type: ignore[union-attr]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MasterAdmin(ReadOnlyAdmin):
    """Master data: whoever has one of `edit_roles` adds and changes it; the save, its inlines and the event are one command."""

    edit_roles: ClassVar[frozenset[str]] = frozenset({Role.ADMINISTRATOR})

    def may_edit(self, request: HttpRequest) -> bool:
        """Whether this person changes this kind of master data."""
        return self.has_view_permission(request) and bool(self.edit_roles.intersection(request.user.roles))  # type: ignore[union-attr]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_edit(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_edit(request)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The admin opens the transaction inside; a command around it makes the save and its event one."""
        if request.method != "POST":
            return super().changeform_view(request, *args, **kwargs)
        with command("master.change", by=request.user):
            return super().changeform_view(request, *args, **kwargs)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.raise_event(request, obj, "master.changed", message)
        return super().log_change(request, obj, message)

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        self.raise_event(request, obj, "master.added", message)
        return super().log_addition(request, obj, message)

    def raise_event(self, request: HttpRequest, obj: Any, name: str, message: Any) -> None:
        """One event a save: the noun and the fields that changed; values stay in their rows."""
        fields = sorted({f for part in message for each in part.values() for f in each.get("fields", ())})
        subjects: list[tuple[str, int]] = [(obj._meta.model_name, obj.pk)] if isinstance(obj.pk, int) else [("user", int(request.user.pk or 0))]
        with command("master.change", by=request.user) as cmd:
            cmd.event(name, subjects, {"noun": obj._meta.label_lower, "key": str(obj.pk), "fields": fields})


class KeptInline(TabularInline):
    """Rows that belong to their parent: edited by whoever may edit the parent, never removed."""

    extra = 0

    def may_edit(self, request: HttpRequest) -> bool:
        """As the parent's admin says."""
        parent = self.admin_site._registry[self.parent_model]
        return isinstance(parent, MasterAdmin) and parent.may_edit(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.admin_site._registry[self.parent_model].has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_edit(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.may_edit(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
