"""The file of carriers' prices: one row a service, day, zone and weight break."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.files.formats import Column, Context, Document, Format, compare, merged, register
from orders.carriers.models import CarrierRate, CarrierService
from orders.carriers.services import RateRow, write_rates

KEY = ("carrier", "service", "valid_from", "transit_zone", "up_to_g")
COLUMNS = (
    Column("carrier", gettext_lazy("code of a carrier"), required=True, longest=20),
    Column("service", gettext_lazy("the carrier's code of its service"), required=True, longest=40),
    Column("valid_from", gettext_lazy("the sheet's first day"), "date", required=True),
    Column("transit_zone", gettext_lazy("zone of the customers' addresses"), required=True, longest=20),
    Column("up_to_g", gettext_lazy("grams the price holds up to"), "integer", required=True, least=1, most=2_000_000_000),
    Column("price", gettext_lazy("in the company's currency"), "decimal", required=True, least=0),
    Column("days", gettext_lazy("days on the carrier's calendar"), "integer", default=1, least=0, most=365),
)
NAMES = ["price", "days"]


def key_of(document: Document) -> tuple[Any, ...]:
    """What a row is known by."""
    return tuple(document.head[name] for name in KEY)


def there(documents: Sequence[Document]) -> dict[tuple[Any, ...], dict[str, Any]]:
    """Key → the price that is known. One statement."""
    rows = CarrierRate.objects.filter(sheet__service__code__in={d.head["service"] for d in documents}).select_related("sheet__service__carrier")
    return {
        (r.sheet.service.carrier.code, r.sheet.service.code, r.sheet.valid_from, r.transit_zone, r.up_to_g): {"price": r.price, "days": r.days}
        for r in rows
    }  # fmt: skip


def services() -> dict[tuple[str, str], int]:
    """(carrier, service) → the service's id."""
    return {(carrier, code): pk for carrier, code, pk in CarrierService.objects.values_list("carrier__code", "code", "pk")}


def check(documents: Sequence[Document], context: Context) -> None:
    """Unknown services; else the differences."""
    known, of = there(documents), services()
    for document in documents:
        row = document.rows[0]
        if (row.cells["carrier"], row.cells["service"]) not in of:
            row.refuse("service", _("there is no service %(code)s of %(carrier)s") % {"code": row.cells["service"], "carrier": row.cells["carrier"]})
        compare(RATES, row, known.get(key_of(document)), NAMES)


def apply(documents: Sequence[Document], context: Context) -> None:
    """Prices as the rows say."""
    known, of = there(documents), services()
    rows = []
    for document in documents:
        found = merged(RATES, document.rows[0], known.get(key_of(document)), NAMES)
        head = document.head
        rows.append(RateRow(of[head["carrier"], head["service"]], head["valid_from"], head["transit_zone"], head["up_to_g"], found["price"], found["days"]))
    write_rates(rows, by=context.by)


def export() -> Iterator[dict[str, Any]]:
    """Every price by service, day, zone and weight."""
    rows = CarrierRate.objects.select_related("sheet__service__carrier")
    for r in rows.order_by("sheet__service__carrier__code", "sheet__service__code", "sheet__valid_from", "transit_zone", "up_to_g"):
        service = r.sheet.service
        yield {"carrier": service.carrier.code, "service": service.code, "valid_from": r.sheet.valid_from, "transit_zone": r.transit_zone,
               "up_to_g": r.up_to_g, "price": r.price, "days": r.days}  # fmt: skip


RATES = register(
    Format("carrier_rates", gettext_lazy("What carriers' services charge, by zone and weight, from a day on."), COLUMNS, "carriers.write_rates",
           check, apply, export, key=KEY)
)  # fmt: skip
