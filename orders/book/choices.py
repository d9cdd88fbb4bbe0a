"""Choices of orders and their lines."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class OrderStatus(TextChoices):
    """PRODUCT.md section 2; everything else about progress is derived from quantities."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    CANCELLED = "cancelled", _("Cancelled")
    DISCARDED = "discarded", _("Discarded")
    COMPLETED = "completed", _("Completed")


class LineKind(TextChoices):
    """Only goods, free and replacement lines are planned, allocated and shipped."""

    GOODS = "goods", _("Goods")
    SERVICE = "service", _("Service")
    CHARGE = "charge", _("Charge")
    FREE = "free", _("Free of charge")
    REPLACEMENT = "replacement", _("Replacement")


SHIPPED_KINDS = (LineKind.GOODS, LineKind.FREE, LineKind.REPLACEMENT)


class Channel(TextChoices):
    WEB = "web", _("Web form")
    PHONE = "phone", _("Phone")
    PORTAL = "portal", _("Portal")
    API = "api", _("API")
    FILE = "file", _("File")
    SHOP = "shop", _("Shop")
    EDI = "edi", _("EDI")
    PEPPOL = "peppol", _("Peppol")
