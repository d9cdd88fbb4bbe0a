"""Kinds of mail to customers; each contact gets a kind or not."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class LetterKind(TextChoices):
    CONFIRMED = "confirmed", _("Order confirmed")
    CUT = "cut", _("Cut, rejected or cancelled")
    PROMISE = "promise", _("Promise moved")
    SHIPPED = "shipped", _("Shipped")
    INVOICE = "invoice", _("Invoice")
    REMINDER = "reminder", _("Reminder")
    BALANCE = "balance", _("Confirmation of balance")
    RETURN = "return", _("Steps of a return")
    CASE = "case", _("Answers in cases")
