"""What becomes of a mail."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class MailStatus(TextChoices):
    """`sending` is between the decision and the server's answer; a mail found there later has an unknown end."""

    WAITING = "waiting", _("Waiting")
    SENDING = "sending", _("Sending")
    SENT = "sent", _("Sent")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Sent or not, nobody knows")
    NOBODY = "nobody", _("Nobody to write to")
