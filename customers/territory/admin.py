"""The tree of territories and posts in the admin; who holds a post, and which customers are its, is history to read."""

from __future__ import annotations

from django.contrib import admin

from customers.territory.models import CustomerPost, Post, PostHolding, Territory
from oms.accounts.choices import Role
from oms.events.master import KeptInline, MasterAdmin, ReadOnlyAdmin

ORGANISERS = frozenset({Role.ADMINISTRATOR, Role.MANAGER})


@admin.register(Territory)
class TerritoryAdmin(MasterAdmin):
    view_roles = ORGANISERS
    list_display = ["code", "name", "parent"]
    list_select_related = ["parent"]
    search_fields = ["code", "name"]


class HoldingInline(KeptInline):
    model = PostHolding
    autocomplete_fields = ["user"]


@admin.register(Post)
class PostAdmin(MasterAdmin):
    view_roles = ORGANISERS
    list_display = ["code", "name", "territory", "parent"]
    list_select_related = ["territory", "parent"]
    search_fields = ["code", "name"]
    inlines = [HoldingInline]


@admin.register(CustomerPost)
class CustomerPostAdmin(ReadOnlyAdmin):
    view_roles = ORGANISERS
    list_display = ["customer", "post", "during"]
    list_select_related = ["customer", "post"]
    search_fields = ["customer__code", "post__code"]
