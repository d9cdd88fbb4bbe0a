"""The file of lanes: one row from a storage location to a zone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from inventory.catalog.selectors import locations_by_code
from oms.company.models import Calendar
from oms.files.formats import Column, Context, Document, Format, compare, merged, register
from orders.planning.lanes import LaneRow, write_lanes
from orders.planning.models import Lane

COLUMNS = (
    Column("location", gettext_lazy("code of a storage location"), required=True, longest=20),
    Column("transit_zone", gettext_lazy("zone of the customers' addresses"), required=True, longest=20),
    Column("transit_days", gettext_lazy("on the carrier's calendar"), "integer", required=True, least=0, most=365),
    Column("carrier", gettext_lazy("who carries it"), default="", longest=60),
    Column("carrier_calendar", gettext_lazy("code of a calendar (default: every day)"), default="", longest=20),
    Column("unit_cost", gettext_lazy("minor units of the currency per base unit"), "integer", default=0, least=0),
    Column("shipment_cost", gettext_lazy("minor units of the currency per shipment"), "integer", default=0, least=0),
)
NAMES = [column.name for column in COLUMNS[2:]]


def values(lane: Lane) -> dict[str, Any]:
    """A lane's columns."""
    found = {name: getattr(lane, name) for name in NAMES if name != "carrier_calendar"}
    return found | {"carrier_calendar": lane.carrier_calendar.code if lane.carrier_calendar else ""}


def there(documents: Sequence[Document]) -> dict[tuple[str, str], dict[str, Any]]:
    """(location, zone) → the lanes that are known. One statement."""
    found = Lane.objects.filter(transit_zone__in={d.head["transit_zone"] for d in documents}).select_related("location", "carrier_calendar")
    return {(lane.location.code, lane.transit_zone): values(lane) for lane in found}


def check(documents: Sequence[Document], context: Context) -> None:
    """Unknown locations and calendars; else the differences."""
    locations = locations_by_code(d.head["location"] for d in documents)
    calendars = set(Calendar.objects.values_list("code", flat=True))
    known = there(documents)
    for document in documents:
        row = document.rows[0]
        if row.cells["location"] not in locations:
            row.refuse("location", _("there is no location %(code)s.") % {"code": row.cells["location"]})
        if row.cells.get("carrier_calendar") and row.cells["carrier_calendar"] not in calendars:
            row.refuse("carrier_calendar", _("there is no calendar %(code)s.") % {"code": row.cells["carrier_calendar"]})
        compare(LANES, row, known.get((row.cells["location"], row.cells["transit_zone"])), NAMES)


def apply(documents: Sequence[Document], context: Context) -> None:
    """Lanes as the rows say."""
    locations = locations_by_code(d.head["location"] for d in documents)
    calendars = dict(Calendar.objects.values_list("code", "pk"))
    known, rows = there(documents), []
    for document in documents:
        key = (document.head["location"], document.head["transit_zone"])
        found = merged(LANES, document.rows[0], known.get(key), NAMES)
        found["carrier_calendar_id"] = calendars.get(found.pop("carrier_calendar"))
        rows.append(LaneRow(location_id=locations[key[0]], transit_zone=key[1], **found))
    write_lanes(rows, by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every lane by location and zone."""
    for lane in Lane.objects.select_related("location", "carrier_calendar").order_by("location__code", "transit_zone"):
        yield {"location": lane.location.code, "transit_zone": lane.transit_zone, **values(lane)}


LANES = register(
    Format("lanes", gettext_lazy("Which location reaches which zone, in how many days, at what cost."), COLUMNS, "planning.write_lanes",
           check, apply, export, key=("location", "transit_zone"))
)  # fmt: skip
