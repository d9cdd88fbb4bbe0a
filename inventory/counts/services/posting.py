"""Use cases that make a sheet count: post what differs, and look at it again where it is worth much."""

from __future__ import annotations

from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.translation import gettext as _

from inventory.counts.choices import SheetStatus
from inventory.counts.lifecycle import SHEET
from inventory.counts.locks import lock_sheet
from inventory.counts.models import CountSheet, CountSheetLine
from inventory.counts.selectors import lines_of
from inventory.stock.models import CountedPlace
from inventory.stock.services import Counted
from inventory.stock.services.door import post_count
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid


@use_case("counts.post")
def post_sheet(sheet_id: int, *, by: Any, at: datetime | None = None) -> CountSheet:
    """Post what was counted, each place as of its time; places nobody counted stay as they are. Never refused: what orders
    hold and is not there, they lose, lowest rank first, and `released` says so.

    Raises Invalid `nothing_counted`, Conflict `illegal_transition`, Forbidden.
    """
    sheet = lock_sheet(sheet_id)
    authorize(by, "stock.count", sheet.location_id)
    SHEET.check(sheet.status, SheetStatus.POSTED)
    lines = [line for line in lines_of(sheet) if line.quantity is not None]
    if not lines:
        raise Invalid(_("Nothing is counted yet."), code="nothing_counted")
    released: dict[str, int] = {}
    for moment in sorted({line.counted_at for line in lines if line.counted_at}):
        for lost in _post(sheet, [line for line in lines if line.counted_at == moment], moment, by):
            released[lost.number] = released.get(lost.number, 0) + lost.quantity
    command = current()
    value = sum((abs(line.place.difference) * line.product.standard_cost for line in lines if line.place), Decimal(0))
    sheet.value, sheet.value_limit = value.quantize(Decimal("0.01"), ROUND_HALF_UP), sheet.location.adjustment_limit
    sheet.status, sheet.posted_by_id, sheet.posted_at = SheetStatus.POSTED, by.pk, command.at
    sheet.released = sorted([number, units] for number, units in released.items())
    command.event(
        "count.posted", [("count_sheet", sheet.pk), ("location", sheet.location_id)],
        {"sheet": sheet.pk, "places": len(lines), "amount": sheet.value, "units": sum(released.values())},
    )  # fmt: skip
    sheet.save(update_fields=["status", "posted_by", "posted_at", "value", "value_limit", "released"])
    return sheet


def _post(sheet: CountSheet, lines: list[CountSheetLine], moment: datetime, by: Any) -> Any:
    """Part: post the lines counted at one moment, and name their entries in the ledger of counts; who lost what."""
    source = f"count/{sheet.number}/{lines[0].pk}"
    rows = [Counted(line.product_id, line.bin, line.lot, line.quantity or 0) for line in lines]
    released = post_count(sheet.location_id, rows, by=by, as_of=moment, source=source)
    named = {source if n == 0 else f"{source}/{n + 1}": line for n, line in enumerate(lines)}
    for entry in CountedPlace.objects.filter(source__in=list(named)):
        named[str(entry.source)].place = entry
    CountSheetLine.objects.bulk_update(lines, ["place"])
    return released


@use_case("counts.review")
def review_sheet(sheet_id: int, note: str, *, by: Any, at: datetime | None = None) -> CountSheet:
    """Somebody else than who posted a sheet has looked at its differences. Raises Conflict `own_count`, `not_waiting`."""
    sheet = lock_sheet(sheet_id)
    authorize(by, "counts.review")
    if not sheet.waits_for_review:
        raise Conflict(_("Nobody has to look at %(number)s.") % {"number": sheet.number}, code="not_waiting")
    if sheet.posted_by_id == by.pk:
        raise Conflict(_("Somebody else than who posted the count looks at it."), code="own_count", clears=_("Ask a colleague."))
    command = current()
    command.event("count.reviewed", [("count_sheet", sheet.pk)], {"sheet": sheet.pk, "amount": sheet.value}, note=note)
    sheet.reviewed_by_id, sheet.reviewed_at, sheet.review_note = by.pk, command.at, note.strip()[:200]
    sheet.save(update_fields=["reviewed_by", "reviewed_at", "review_note"])
    return sheet
