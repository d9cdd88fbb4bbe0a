"""Mail to customers in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("customers", _("Mail"), "orders:letter-list", roles={"sales", "approver", "manager", "finance"}, key="g y")
