"""Writes of the network: lanes brought to given values by location and zone, set-wise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from orders.planning.models import Lane


@dataclass(frozen=True)
class LaneRow:
    """A lane as it shall be; costs in minor units of the company's currency."""

    location_id: int
    transit_zone: str
    transit_days: int
    carrier: str = ""
    carrier_calendar_id: int | None = None
    unit_cost: int = 0
    shipment_cost: int = 0


FIELDS = ["transit_days", "carrier", "carrier_calendar", "unit_cost", "shipment_cost"]


@use_case("planning.write_lanes")
def write_lanes(rows: Sequence[LaneRow], *, by: Any, at: datetime | None = None) -> None:
    """Bring the lanes to the given values; others stay. What is promised stays too: the next plan run sees the change."""
    authorize(by, "planning.write_lanes")
    if not rows:
        return
    Lane.objects.bulk_create(
        [Lane(**vars(row)) for row in rows], update_conflicts=True, unique_fields=["location", "transit_zone"], update_fields=FIELDS
    )
    current().event(
        "lanes.written", [("location", pk) for pk in sorted({row.location_id for row in rows})],
        {"lanes": [list(vars(row).values()) for row in rows]},
    )  # fmt: skip
