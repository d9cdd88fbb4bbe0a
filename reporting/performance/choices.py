"""What a row of the performance form stands for."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Dimension(TextChoices):
    POST = "post", _("Post")
    PERSON = "person", _("Person")
    TERRITORY = "territory", _("Region")
    FAMILY = "family", _("Product family")
    CUSTOMER = "customer", _("Customer")


class Movement(TextChoices):
    """What became of customers in a month, by the days they ordered on."""

    NEW = "new", _("New")
    ACTIVE = "active", _("Ordered")
    DORMANT = "dormant", _("Gone quiet")
    LOST = "lost", _("Lost")


DORMANT_DAYS, LOST_DAYS = 90, 365
# Rows that have a target of their own.
WITH_TARGET = (Dimension.POST, Dimension.PERSON)
