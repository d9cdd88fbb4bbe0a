"""The receipts' place in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("money", _("Collection receipts"), "payments:receipt-list", roles={"sales", "manager", "finance"})
