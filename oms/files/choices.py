"""Choices of imports."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class FileState(TextChoices):
    """An uploaded file waits to be read (and for its columns to be named); the others are those of every run."""

    RECEIVED = "received", _("Waits to be read")
    COLUMNS = "columns", _("Columns to be named")
    STAGING = "staging", _("Being read")
    STAGED = "staged", _("Read")
    CHECKED = "checked", _("Checked")
    APPLYING = "applying", _("Being applied")
    DONE = "done", _("Done")
    FAILED = "failed", _("Cannot be read")
    DROPPED = "dropped", _("Discarded")


OPEN_STATES = (FileState.RECEIVED, FileState.COLUMNS, FileState.STAGING, FileState.STAGED, FileState.CHECKED, FileState.APPLYING)


class RowState(TextChoices):
    """Read, then found to be wrong, the same as what is there, or something to do; then done or refused."""

    STAGED = "staged", _("Read")
    BAD = "bad", _("Wrong")
    SAME = "same", _("Nothing new")
    CREATE = "create", _("To be created")
    CHANGE = "change", _("To be changed")
    CREATED = "created", _("Created")
    CHANGED = "changed", _("Changed")
    REJECTED = "rejected", _("Refused")


PENDING = (RowState.CREATE, RowState.CHANGE)
DECIDED = (RowState.CREATED, RowState.CHANGED, RowState.REJECTED)
REFUSED = (RowState.BAD, RowState.REJECTED)
DONE_STATES = {RowState.CREATE: RowState.CREATED, RowState.CHANGE: RowState.CHANGED, RowState.SAME: RowState.SAME}
