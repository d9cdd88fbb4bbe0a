"""What carriers are asked for, what they tell, and by which rule one is chosen."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Connection(TextChoices):
    """How a carrier is spoken with; see `adapters.carrier_port`."""

    NONE = "none", _("Not connected: numbers are typed")
    SIMULATED = "simulated", _("Simulated carrier")
    KARRIO = "karrio", _("Through karrio")


class ConsignmentState(TextChoices):
    """What the carrier is to do (asked, voiding) and what it said."""

    ASKED = "asked", _("Being booked")
    BOOKED = "booked", _("Booked")
    REFUSED = "refused", _("Refused by the carrier")
    VOIDING = "voiding", _("Being given up")
    VOIDED = "voided", _("Given up")


# What waits for an answer of the carrier, and what its answer leads to.
WAITS = {ConsignmentState.ASKED: ConsignmentState.BOOKED, ConsignmentState.VOIDING: ConsignmentState.VOIDED}
STANDING = (ConsignmentState.ASKED, ConsignmentState.BOOKED)


class Aim(TextChoices):
    """What a rule looks for among the services that take a shipment."""

    IN_TIME = "in_time", _("The cheapest that arrives as promised")
    CHEAPEST = "cheapest", _("The cheapest")
    FASTEST = "fastest", _("The fastest")


class TrackingKind(TextChoices):
    """What carriers tell of a parcel, in one set of words for all of them."""

    ACCEPTED = "accepted", _("Taken over")
    MOVING = "moving", _("On its way")
    OUT = "out", _("Out for delivery")
    DELIVERED = "delivered", _("Delivered")
    FAILED = "failed", _("Delivery failed")
    BACK = "back", _("On its way back")
    LOST = "lost", _("Lost")
    TROUBLE = "trouble", _("In trouble")
