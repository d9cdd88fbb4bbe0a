"""Scheduled reports in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("performance", _("Scheduled reports"), "reporting:scheduled", roles={"sales", "approver", "manager", "finance"})
