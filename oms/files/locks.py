"""A run is worked on by one at a time: its row is locked first of all, before any document."""

from __future__ import annotations

from django.utils.translation import gettext as _

from oms.files.models import ImportFile
from oms.kernel.errors import NotFound


def lock_file(file_id: int) -> ImportFile:
    """The run, locked and fresh, without its bytes. Raises NotFound."""
    found = ImportFile.objects.select_for_update(of=("self",), no_key=True).defer("content").filter(pk=file_id).first()
    if found is None:
        raise NotFound(_("There is no such import."), code="import_missing")
    return found
