"""Posts in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("customers", _("Posts and people"), "reporting:posts", roles={"approver", "manager", "finance"}, key="g h")
