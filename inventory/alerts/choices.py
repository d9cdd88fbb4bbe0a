"""Kinds of alerts, and the days they reckon with."""

from django.db import models
from django.utils.translation import gettext_lazy as _

RATE_DAYS = 90  # what left in so many days says how fast a product goes
COVER_DAYS = 30  # what should lie there for so many days; without a receipt in sight, less than that runs out
DORMANT_DAYS = 180  # nothing left for so long
EXPIRY_DAYS = 30  # a lot that expires within so many days


class AlertKind(models.TextChoices):
    """Most pressing first."""

    SAFETY = "safety", _("Below safety stock")
    RUNS_OUT = "runs_out", _("Runs out before more comes")
    REORDER = "reorder", _("Below the reorder point")
    EXPIRING = "expiring", _("Expires soon")
    DORMANT = "dormant", _("Nothing leaves")


PRESSING = (AlertKind.SAFETY, AlertKind.RUNS_OUT, AlertKind.REORDER)  # what the navigation counts

ABOUT = {  # what an alert's units are, beside its level
    AlertKind.SAFETY: _("missing to the safety stock of %(level)s"),
    AlertKind.RUNS_OUT: _("left; %(level)s went in 90 days"),
    AlertKind.REORDER: _("below the reorder point of %(level)s"),
    AlertKind.EXPIRING: _("of %(level)s expire"),
    AlertKind.DORMANT: _("lie still"),
}
