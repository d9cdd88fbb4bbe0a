"""Write what carriers charge: rates of a sheet that holds from a day on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from orders.carriers.models import CarrierRate, RateSheet


class RateRow(NamedTuple):
    """One price of a service's sheet."""

    service_id: int
    valid_from: date
    transit_zone: str
    up_to_g: int
    price: Decimal
    days: int


@use_case("carriers.write_rates")
def write_rates(rows: Sequence[RateRow], *, by: Any, at: datetime | None = None) -> int:
    """Write rates, opening the sheets they are on; how many. A price that is there is replaced. A constant number of statements."""
    authorize(by, "carriers.write_rates")
    wanted = sorted({(r.service_id, r.valid_from) for r in rows})
    RateSheet.objects.bulk_create((RateSheet(service_id=s, valid_from=d) for s, d in wanted), ignore_conflicts=True)
    found = {(s.service_id, s.valid_from): s.pk for s in RateSheet.objects.filter(service_id__in={s for s, _d in wanted})}
    CarrierRate.objects.bulk_create(
        (CarrierRate(sheet_id=found[r.service_id, r.valid_from], transit_zone=r.transit_zone, up_to_g=r.up_to_g, price=r.price, days=r.days) for r in rows),
        update_conflicts=True, unique_fields=["sheet", "transit_zone", "up_to_g"], update_fields=["price", "days"],
    )  # fmt: skip
    current().event("carrier.rates_written", [("user", by.pk)], {"rates": len(rows)})
    return len(rows)
