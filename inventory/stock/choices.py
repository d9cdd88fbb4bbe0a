"""Choices of stock."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MovementKind(TextChoices):
    RECEIPT = "receipt", _("Receipt")
    ISSUE = "issue", _("Goods issue")
    ISSUE_REVERSAL = "issue_reversal", _("Goods issue reversed")
    ALLOCATE = "allocate", _("Allocated")
    DEALLOCATE = "deallocate", _("Allocation released")
    ADJUST = "adjust", _("Adjustment")
    COUNT = "count", _("Count difference")
    FOUND = "found", _("Found")
    BLOCK = "block", _("Blocked")
    UNBLOCK = "unblock", _("Unblocked")
    UNAUTHORISED = "unauthorised_issue", _("Issue without approval")
    RETURN = "return", _("Return")
    UNANNOUNCED = "unannounced_return", _("Return nobody announced")
    SCRAP = "scrap", _("Scrapped")
    DELIVERY_RETURN = "delivery_return", _("Came back undelivered")
    TRANSFER = "transfer", _("Transfer")
    PUT_AWAY = "put_away", _("Put away")


class ReceiptStatus(TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")


class ReceiptKind(TextChoices):
    PURCHASE = "purchase", _("Purchase")
    TRANSFER = "transfer", _("Transfer")
