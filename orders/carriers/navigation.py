"""Carriers in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("warehouse", _("Carriers"), "orders:carriers", roles={"warehouse", "manager"})
