"""Choices of fulfilment."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ShipmentStatus(TextChoices):
    """PRODUCT.md section 6."""

    RELEASED = "released", _("Released")
    PICKING = "picking", _("Picking")
    PICKED = "picked", _("Picked")
    PACKED = "packed", _("Packed")
    SHIPPED = "shipped", _("Shipped")
    DELIVERED = "delivered", _("Delivered")
    CANCELLED = "cancelled", _("Cancelled")
