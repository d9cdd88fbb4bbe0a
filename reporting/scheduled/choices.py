"""How often, and in which format."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Cadence(TextChoices):
    DAILY = "daily", _("Every morning")
    WEEKLY = "weekly", _("Every Monday")
    MONTHLY = "monthly", _("On the first of the month")


class FileFormat(TextChoices):
    XLSX = "xlsx", _("XLSX")
    CSV = "csv", _("CSV")
