"""Choices of counts."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SheetStatus(TextChoices):
    OPEN = "open", _("Being counted")
    POSTED = "posted", _("Posted")
    CANCELLED = "cancelled", _("Cancelled")
