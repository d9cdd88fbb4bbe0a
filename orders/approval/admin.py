"""Approval policies in the admin: every version, to read."""

from __future__ import annotations

from django.contrib import admin

from oms.accounts.choices import Role
from oms.events.master import ReadOnlyAdmin
from orders.approval.models import ApprovalPolicy


@admin.register(ApprovalPolicy)
class ApprovalPolicyAdmin(ReadOnlyAdmin):
    view_roles = frozenset({Role.MANAGER, Role.FINANCE, Role.ADMINISTRATOR})
    list_display = ["version", "active_from", "auto_limit", "auto_max_discount", "minimum_margin", "approver_limit", "claim_days"]
    list_select_related = ["proposed_by"]
    ordering = ["-version"]
