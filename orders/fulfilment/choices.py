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
    IN_TRANSIT = "in_transit", _("In transit")
    DELIVERED = "delivered", _("Delivered")
    DELIVERY_FAILED = "failed", _("Delivery failed")
    LOST = "lost", _("Lost")
    UNDELIVERED = "came_back", _("Came back undelivered")
    REVERSED = "reversed", _("Reversed: never left")
    CANCELLED = "cancelled", _("Cancelled")


class ArrivalKind(TextChoices):
    """What became of units that left."""

    DELIVERED = "delivered", _("Delivered")
    UNDELIVERED = "undelivered", _("Undelivered")


class Proof(TextChoices):
    """What says that goods arrived, or did not."""

    SIGNATURE = "signature", _("Signature")
    CARRIER = "carrier", _("Carrier")
    CUSTOMER = "customer", _("Customer's word")
    RETURN = "return", _("They came back from the customer")
    ASSUMED = "assumed", _("Assumed")


class DiscrepancyKind(TextChoices):
    """Facts that no approved order line covers."""

    UNAUTHORISED_ISSUE = "unauthorised_issue", _("Left without approval")
    UNANNOUNCED_RETURN = "unannounced_return", _("Came back unannounced")


class ClearingKind(TextChoices):
    """How a discrepancy is cleared."""

    AMENDMENT = "amendment", _("Approved afterwards")
    RETURN = "return", _("Returned")
    WRITE_OFF = "write_off", _("Written off")
