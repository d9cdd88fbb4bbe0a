"""Use cases before anything moves: open a sheet, write down what was counted, take it back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection
from django.utils.translation import gettext as _

from inventory.catalog.models import Product
from inventory.counts.choices import SheetStatus
from inventory.counts.lifecycle import SHEET
from inventory.counts.locks import lock_sheet
from inventory.counts.models import CountSheet, CountSheetLine
from inventory.counts.selectors import MAX_LINES, places_to_count
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound

# Somebody's watch, or another host's clock, may be ahead of the database's by so much.
CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True)
class Scope:
    """What is to be counted of a location; empty means all. `not_since`: only places nobody counted on that day or later."""

    bin_from: str = ""
    bin_to: str = ""
    family: str = ""
    not_since: date | None = None
    note: str = ""


class Found(NamedTuple):
    """`quantity` units of a product lie in a place the sheet does not list."""

    product_id: int
    quantity: int
    bin: str = ""
    lot: str = ""


@use_case("counts.open")
def open_sheet(location_id: int, scope: Scope, *, by: Any, at: datetime | None = None) -> CountSheet:
    """A sheet with the places of the scope that hold something. Raises Invalid `nothing_to_count`, `too_many`, Forbidden."""
    authorize(by, "stock.count", location_id)
    command = current()
    sheet = CountSheet(
        location_id=location_id, status=SheetStatus.OPEN, bin_from=scope.bin_from.strip()[:40], bin_to=scope.bin_to.strip()[:40],
        family=scope.family[:60], not_since=scope.not_since, note=scope.note.strip()[:200], opened_by_id=by.pk, opened_at=command.at,
    )  # fmt: skip
    places = list(places_to_count(sheet)[: MAX_LINES + 1])
    if not places:
        raise Invalid(_("Nothing lies there."), code="nothing_to_count", clears=_("Choose other bins, another family or an earlier day."))
    if len(places) > MAX_LINES:
        raise Invalid(_("More than %(n)s places: count in parts.") % {"n": MAX_LINES}, code="too_many", clears=_("Narrow the bins or the family."))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('inventory_countsheet_id_seq'), nextval('inventory_count_number')")
        sheet.pk, serial = cursor.fetchone()
    sheet.number = f"CS{serial:06d}"
    sheet.event_id = command.event(
        "count.opened", [("count_sheet", sheet.pk), ("location", location_id)], {"sheet": sheet.pk, "places": len(places)}
    )
    sheet.save(force_insert=True)
    CountSheetLine.objects.bulk_create(
        CountSheetLine(sheet=sheet, product_id=b.product_id, bin=b.bin, lot=b.lot) for b in places
    )
    return sheet


@use_case("counts.key")
def key_counts(
    sheet_id: int,
    counted: Mapping[int, int | None],
    as_of: datetime | None = None,
    *,
    by: Any,
    at: datetime | None = None,
    found: Sequence[Found] = (),
) -> int:
    """Write down {line: units, None for not counted} as counted `as_of` (default now), and what lay where the sheet lists nothing.

    Lines that say the same already keep their time. How many lines changed. Raises Invalid (below zero, a time to come),
    Conflict `sheet_closed`, NotFound `line_missing`, `unknown_product`.
    """
    sheet = lock_sheet(sheet_id)
    authorize(by, "stock.count", sheet.location_id)
    _open(sheet)
    now = current().clock
    if as_of and as_of > now + CLOCKS_DIFFER:
        raise Invalid(_("Nothing was counted in the future."), code="counted_later", errors=[
            {"field": "as_of", "message": _("This is still to come.")}])  # fmt: skip
    moment = min(as_of or now, now)
    if any(q is not None and q < 0 for q in counted.values()) or any(row.quantity < 0 for row in found):
        raise Invalid(_("Counted is zero or more."), code="quantity_invalid")
    lines = {line.pk: line for line in sheet.lines.all()}
    if missing := sorted(set(counted) - lines.keys()):
        raise NotFound(_("The sheet has no such line."), code="line_missing", lines=missing)
    changed = [lines[i] for i, quantity in counted.items() if lines[i].quantity != quantity]
    for line in changed:
        line.quantity = counted[line.pk]
    changed += _found(sheet, {(x.product_id, x.bin, x.lot): x for x in lines.values()}, found)
    for line in changed:
        gone = line.quantity is None
        line.counted_at, line.counted_by_id = (None, None) if gone else (moment, by.pk)
    CountSheetLine.objects.bulk_update(changed, ["quantity", "counted_at", "counted_by"], batch_size=MAX_LINES)
    return len(changed)


def _found(sheet: CountSheet, there: dict[tuple[int, str, str], CountSheetLine], found: Sequence[Found]) -> list[CountSheetLine]:
    """Part: the lines of what was found, made where the sheet has none."""
    known = set(Product.objects.filter(pk__in={row.product_id for row in found}).values_list("pk", flat=True))
    if missing := {row.product_id for row in found} - known:
        raise NotFound(_("There is no such product."), code="unknown_product", products=sorted(missing))
    changed = []
    for row in found:
        key = (row.product_id, row.bin, row.lot)
        line = there.get(key) or CountSheetLine.objects.create(sheet=sheet, product_id=row.product_id, bin=row.bin, lot=row.lot)
        there[key] = line
        line.quantity = row.quantity
        changed.append(line)
    return changed


def _open(sheet: CountSheet) -> None:
    if sheet.status != SheetStatus.OPEN:
        raise Conflict(_("%(number)s is %(status)s.") % {"number": sheet.number, "status": sheet.get_status_display().lower()},
                       code="sheet_closed", clears=_("Open another sheet."))  # fmt: skip


@use_case("counts.cancel")
def cancel_sheet(sheet_id: int, reason: str, *, by: Any, at: datetime | None = None) -> CountSheet:
    """Forget a sheet that is not posted. Raises Invalid `reason_missing`, Conflict `illegal_transition`."""
    sheet = lock_sheet(sheet_id)
    authorize(by, "stock.count", sheet.location_id)
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    SHEET.check(sheet.status, SheetStatus.CANCELLED)
    current().event("count.cancelled", [("count_sheet", sheet.pk)], {"sheet": sheet.pk}, note=reason)
    sheet.status = SheetStatus.CANCELLED
    sheet.save(update_fields=["status"])
    return sheet
