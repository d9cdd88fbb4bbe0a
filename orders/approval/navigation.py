"""Approval's place in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("approvals", _("Approval policy"), "orders:approval-policy", roles={"manager", "administrator"})
