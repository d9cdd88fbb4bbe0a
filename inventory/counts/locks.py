"""Count sheets are locked first, then whatever their facts lock."""

from __future__ import annotations

from django.utils.translation import gettext as _

from inventory.counts.models import CountSheet
from oms.kernel.errors import NotFound


def lock_sheet(sheet_id: int) -> CountSheet:
    """The sheet, locked and fresh. One statement."""
    found = CountSheet.objects.select_for_update(of=("self",), no_key=True).filter(pk=sheet_id).first()
    if found is None:
        raise NotFound(_("There is no such count sheet."), code="sheet_missing")
    return found
