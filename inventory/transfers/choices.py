"""Choices of transfers."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class TransferStatus(TextChoices):
    REQUESTED = "requested", _("Requested")
    IN_TRANSIT = "in_transit", _("In transit")
    DIFFERS = "differs", _("Difference open")
    DONE = "done", _("Received")
    CANCELLED = "cancelled", _("Cancelled")


class PostingKind(TextChoices):
    """What became of units of a transfer. The last two move no stock: two persons gave up on a difference."""

    SHIPPED = "shipped", _("Left the source")
    RECEIVED = "received", _("Came in at the target")
    LOST = "lost", _("Written off on the way")
    SURPLUS = "surplus", _("Accepted though it never left")
