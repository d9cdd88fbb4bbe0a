"""What is counted, in words; the columns of a figure in their order."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Measure(TextChoices):
    """Money is net of tax. Ordered and approved are information; delivered, invoiced and collected are settled facts.

    Invoiced is less credit notes and cancellations, collected less refunds, each on its own day. Credited is what was
    credited for goods that did not come back; net is delivered − returned − credited.
    """

    ORDERED = "ordered", _("Ordered")
    APPROVED = "approved", _("Approved")
    DELIVERED = "delivered", _("Delivered")
    RETURNED = "returned", _("Returned")
    CREDITED = "credited", _("Credited, goods kept")
    COST = "cost", _("Cost of delivered")
    INVOICED = "invoiced", _("Invoiced")
    COLLECTED = "collected", _("Collected")
    UNITS_ORDERED = "units_ordered", _("Units ordered")
    UNITS_DELIVERED = "units_delivered", _("Units delivered")
    LINES_DUE = "lines_due", _("Lines due")
    LINES_ON_TIME = "lines_on_time", _("Lines on time, in full")
    UNITS_DUE = "units_due", _("Units due")
    UNITS_ON_TIME = "units_on_time", _("Units on time")


MONEY = (Measure.ORDERED, Measure.APPROVED, Measure.DELIVERED, Measure.COST, Measure.INVOICED, Measure.COLLECTED, Measure.RETURNED, Measure.CREDITED)
COUNTS = (Measure.UNITS_ORDERED, Measure.UNITS_DELIVERED, Measure.LINES_DUE, Measure.LINES_ON_TIME, Measure.UNITS_DUE, Measure.UNITS_ON_TIME)
COLUMNS = tuple(m.value for m in (*MONEY, *COUNTS))


class TargetMeasure(TextChoices):
    """What targets are set for; delivered counts less what came back and what was credited."""

    DELIVERED = "delivered", _("Delivered, net of returns and credits")
    COLLECTED = "collected", _("Collected")
