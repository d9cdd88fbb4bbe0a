"""Kinds and states of a warehouse's messages, and what can be wrong with one."""

from __future__ import annotations

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FeedKind(TextChoices):
    """What a message tells."""

    MOVEMENT = "movement", _("Movement")
    COUNT = "count", _("Count")
    COMPARISON = "comparison", _("Comparison")
    EXPECTED = "expected", _("Expected receipt")
    RECEIVED = "received", _("Receipt")
    PICKED = "picked", _("Pick")
    SHIPPED = "shipped", _("Shipment")
    RETURNED = "returned", _("Return")


class FeedState(TextChoices):
    """See lifecycle.FEED_MESSAGE."""

    WAITING = "waiting", _("Waits")
    APPLIED = "applied", _("Posted")
    QUARANTINED = "quarantined", _("In quarantine")
    DISCARDED = "discarded", _("Discarded")


class CodeKind(TextChoices):
    """Whose code a sender uses in its own way."""

    PRODUCT = "product", _("Product")
    LOCATION = "location", _("Location")


# Code of a finding → what it says. Figures come from the finding's facts.
FINDINGS = {
    "unreadable": _("It can't be read: %(value)s"),
    "unknown_product": _("%(value)s is not known as a product."),
    "unknown_location": _("%(value)s is not known as a location."),
    "unknown_unit": _("%(sku)s has no unit “%(value)s”."),
    "quantity_not_whole": _("%(value)s of %(sku)s is no whole number of its base unit."),
    "unknown_document": _("%(value)s is not known here."),
    "not_in_document": _("%(document)s has nothing of %(value)s."),
    "late": _("It came after its place in the sequence was given up."),
    "future": _("It says that it occurred at %(value)s, which is still to come."),
    "left_behind": _("It waited when the sender's numbers began anew."),
    "refused": _("%(value)s"),
}
