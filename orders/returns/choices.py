"""Choices of returns."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ReturnStatus(TextChoices):
    """Of one line; a return as a whole has none (PRODUCT.md section 6)."""

    REQUESTED = "requested", _("Requested")
    REFUSED = "refused", _("Refused")
    AUTHORISED = "authorised", _("Authorised")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    IN_TRANSIT = "in_transit", _("In transit")
    RECEIVED = "received", _("Received")
    INSPECTED = "inspected", _("Inspected")
    DISPOSITIONED = "dispositioned", _("Disposed of")
    SETTLED = "settled", _("Settled")


class Finding(TextChoices):
    """What the inspection found."""

    AS_NEW = "as_new", _("As new")
    OPENED = "opened", _("Opened, complete")
    DAMAGED = "damaged", _("Damaged")
    DEFECTIVE = "defective", _("Defective")
    WRONG = "wrong", _("Another product")


class Disposal(TextChoices):
    """Where the goods go."""

    RESTOCK = "restock", _("Back to stock")
    REPAIR = "repair", _("Repair")
    SCRAP = "scrap", _("Scrap")


class Settlement(TextChoices):
    """What the customer gets."""

    CREDIT = "credit", _("Credit")
    REFUND = "refund", _("Refund")
    REPLACE = "replace", _("Replacement")


# Units asked for or allowed that have not come: they are no longer free to be returned again.
EXPECTED = (ReturnStatus.REQUESTED, ReturnStatus.AUTHORISED, ReturnStatus.IN_TRANSIT, ReturnStatus.RECEIVED)
OPEN = (*EXPECTED, ReturnStatus.INSPECTED, ReturnStatus.DISPOSITIONED)
