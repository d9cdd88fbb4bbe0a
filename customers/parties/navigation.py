"""Customers in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("customers", _("Customers"), "customers:customer-list", roles={"sales", "approver", "manager", "finance"}, key="g c")
