"""Count sheets in the admin: to look at."""

from __future__ import annotations

from django.contrib import admin

from inventory.counts.models import CountSheet
from oms.events.master import ReadOnlyAdmin


@admin.register(CountSheet)
class CountSheetAdmin(ReadOnlyAdmin):
    list_display = ["number", "location", "status", "opened_by", "opened_at", "posted_by", "posted_at", "value"]
    list_filter = ["status", "location"]
    list_select_related = ["location", "opened_by", "posted_by"]
    search_fields = ["number"]
