"""Kinds of charge and what becomes of one."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class ChargeKind(TextChoices):
    CARD = "card", _("Card")
    DEBIT = "debit", _("Direct debit")


class ChargeState(TextChoices):
    """What the provider is to do (asked, capturing, voiding), what it said, and whether the bank shows it."""

    ASKED = "asked", _("Asked")
    AUTHORISED = "authorised", _("Authorised")
    CAPTURING = "capturing", _("Being captured")
    CAPTURED = "captured", _("With the provider")
    VOIDING = "voiding", _("Being given up")
    VOIDED = "voided", _("Given up")
    DECLINED = "declined", _("Declined")
    PAID = "paid", _("On the bank")
    RETURNED = "returned", _("Returned")


# What waits for an answer of the provider, and what its answer leads to.
WAITS = {ChargeState.ASKED: ChargeState.AUTHORISED, ChargeState.CAPTURING: ChargeState.CAPTURED, ChargeState.VOIDING: ChargeState.VOIDED}
UNDER_WAY = (*WAITS, ChargeState.AUTHORISED, ChargeState.CAPTURED)


class GivenBackState(TextChoices):
    """What became of money that is to go back through the provider."""

    ASKED = "asked", _("Asked")
    GIVEN = "given", _("Given back")
    DECLINED = "declined", _("Declined")
