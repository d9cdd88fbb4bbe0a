"""Choices of cases."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

REASON_KIND = "case"


class CaseKind(TextChoices):
    """An inquiry asks, a complaint says that something went wrong, a claim wants money or goods for it."""

    INQUIRY = "inquiry", _("Inquiry")
    COMPLAINT = "complaint", _("Complaint")
    CLAIM = "claim", _("Claim")


class CaseStatus(TextChoices):
    OPEN = "open", _("Open")
    WAITING = "waiting", _("Waits for the customer")
    RESOLVED = "resolved", _("Resolved")
    MERGED = "merged", _("Merged")


class Priority(TextChoices):
    URGENT = "urgent", _("Urgent")
    NORMAL = "normal", _("Normal")


class Direction(TextChoices):
    """Who says it to whom; a note stays in the house."""

    IN = "in", _("From the customer")
    OUT = "out", _("To the customer")
    NOTE = "note", _("Internal note")


class Channel(TextChoices):
    PHONE = "phone", _("Telephone")
    MAIL = "mail", _("Mail")
    VISIT = "visit", _("Visit")
    PORTAL = "portal", _("On our pages")
    API = "api", _("By their machine")
    OTHER = "other", _("Otherwise")


LIVE = (CaseStatus.OPEN, CaseStatus.WAITING)
