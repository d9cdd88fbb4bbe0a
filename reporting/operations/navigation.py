"""Operations in the navigation."""

from django.utils.translation import gettext_lazy as _

from oms.accounts.choices import Role
from oms.web.navigation import register

register("admin", _("Operations"), "reporting:operations", roles={Role.ADMINISTRATOR})
