"""Choices of customers."""

from django.db.models import IntegerChoices, TextChoices
from django.utils.translation import gettext_lazy as _


class CustomerStatus(TextChoices):
    ACTIVE = "active", _("Active")
    RETIRED = "retired", _("Retired")


class TaxStatus(TextChoices):
    DOMESTIC = "domestic", _("Domestic")
    BUSINESS_EU = "eu_business", _("Business in another EU country")
    EXPORT = "export", _("Outside the tax area")
    EXEMPT = "exempt", _("Exempt")


class DeliveryRule(IntegerChoices):
    """PLANNING.md: what may be shipped apart."""

    PARTIAL = 0, _("Partial deliveries")
    COMPLETE = 1, _("Complete, delivered together")
    SINGLE_SOURCE = 2, _("Complete, from one location")


class ShortageRule(TextChoices):
    BACKORDER = "backorder", _("Backorder")
    CANCEL_REST = "cancel", _("Cancel the rest")
    REFUSE = "refuse", _("Refuse the order")


# The words of files and interfaces for the delivery rule.
DELIVERY_RULES = {"partial": DeliveryRule.PARTIAL.value, "complete": DeliveryRule.COMPLETE.value, "single_source": DeliveryRule.SINGLE_SOURCE.value}
