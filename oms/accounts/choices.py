"""The seven roles of RELIABILITY.md section 3."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Role(TextChoices):
    SALES = "sales", _("Sales")
    APPROVER = "approver", _("Approver")
    MANAGER = "manager", _("Manager")
    FINANCE = "finance", _("Finance")
    WAREHOUSE = "warehouse", _("Warehouse")
    PARTNER = "partner", _("Partner")
    ADMINISTRATOR = "administrator", _("Administrator")
