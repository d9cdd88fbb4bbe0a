"""Help in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.web.navigation import register

register("admin", _("Help"), "reporting:guide", key="g x")
