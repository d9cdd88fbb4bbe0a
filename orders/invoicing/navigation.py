"""The daily close in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("money", _("Daily close"), "orders:daily-close", roles={"finance", "manager"})
