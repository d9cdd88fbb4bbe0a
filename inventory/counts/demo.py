"""The practice company's counts: one posted, one being counted, one that differs by so much that a manager looks at it."""

from __future__ import annotations

from typing import Any

from inventory.catalog.models import StorageLocation
from inventory.counts.models import CountSheet
from inventory.counts.selectors import lines_of
from inventory.counts.services import Scope, key_counts, open_sheet, post_sheet
from inventory.stock.models import Balance
from oms.accounts.models import User

STEP = 93


def fill(by: Any) -> None:
    """Three sheets of walid's warehouses; most places are as the books say."""
    walid = User.objects.get(username="walid")
    places = {x.code: x for x in StorageLocation.objects.all()}
    count(places["DUI"], "B-01", "B-04", walid, [0, 0, 1, 0], post=True)
    count(places["TOR"], "C-05", "C-12", walid, [0, -9, 0, 0, -14], post=True)
    count(places["LYO"], "A-01", "A-06", walid, [0, -1, 0], post=False)


def count(location: StorageLocation, first: str, last: str, by: Any, differs: list[int], post: bool) -> CountSheet:
    """A sheet of some bins: the first places are counted, each with what it differs."""
    sheet = open_sheet(location.pk, Scope(first, last), by=by)
    lines = list(lines_of(sheet))
    books = {(b.product_id, b.bin, b.lot): b.on_hand for b in Balance.objects.filter(location=location)}
    counted = {x.pk: max(0, books[x.product_id, x.bin, x.lot] + units) for x, units in zip(lines, differs, strict=False)}
    key_counts(sheet.pk, counted, by=by)
    return post_sheet(sheet.pk, by=by) if post else sheet
