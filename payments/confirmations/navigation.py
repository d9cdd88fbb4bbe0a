"""The confirmations' place in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("money", _("Balance confirmations"), "payments:balance-list", roles={"manager", "finance"})
