"""The comparison's place in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("performance", _("Ordered to paid"), "reporting:quantities", roles={"sales", "approver", "manager", "finance"}, key="g q")
