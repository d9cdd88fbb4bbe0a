"""Cards and debits in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("money", _("Cards and debits"), "payments:charge-list", roles={"finance", "manager"})
