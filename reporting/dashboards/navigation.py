"""The dashboard's place in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("performance", _("Dashboard"), "reporting:dashboard", roles={"sales", "approver", "manager", "finance"}, key="g d")
