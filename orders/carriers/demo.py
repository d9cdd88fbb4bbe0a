"""The practice company's carriers: a road and an express service each with its sheet, a rule, and packed shipments given to them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from oms.accounts.models import User
from oms.company.models import Calendar
from oms.events.services import command
from orders.carriers.adapters import Told
from orders.carriers.choices import Aim, Connection, TrackingKind
from orders.carriers.models import (
    Carrier,
    CarrierRule,
    CarrierService,
    CarrierSurcharge,
    Consignment,
    RateSheet,
)
from orders.carriers.services import RateRow, ask_carrier, carry_out, take_tracking, write_rates
from orders.fulfilment.models import Shipment
from orders.fulfilment.services import ship
from orders.planning.models import Lane

STEP = 92
# carrier, its service, divisor, heaviest parcel, days on top of the lane's, price of 5 kg, what a kilogram more costs
SERVICES = [
    ("rhone", "Rhône Fret", "ROAD", "Road", 3000, 0, 1, Decimal("9.80"), Decimal("0.22")),
    ("rhone", "Rhône Fret", "PALLET", "Pallet", 0, 0, 1, Decimal("68.00"), Decimal("0.09")),
    ("vite", "Vite Express", "PARCEL", "Parcel", 5000, 31_500, 0, Decimal("12.40"), Decimal("0.48")),
    ("vite", "Vite Express", "NOON", "Before noon", 5000, 31_500, -1, Decimal("24.90"), Decimal("0.95")),
]
BREAKS = (5, 10, 20, 50, 100, 300, 1_000, 5_000)


def fill(by: Any) -> None:
    """Prices to every zone that is reached; the last ten packed or released shipments are given away."""
    days: dict[str, int] = {}
    for lane in Lane.objects.order_by("pk"):
        days[lane.transit_zone] = min(days.get(lane.transit_zone, 99), lane.transit_days)
    opened, rows = date.today().replace(month=1, day=1), []
    with command("demo.carriers", by=by) as cmd:
        cmd.event("master.added", [("user", by.pk)], {"noun": "orders.carrier"})
        for code, name, service, called, divisor, heaviest, extra, first, more in SERVICES:
            carrier, _new = Carrier.objects.get_or_create(
                code=code, defaults={"name": name, "connection": Connection.SIMULATED, "calendar": Calendar.objects.get(code="CARRIER"), "secret": "practice"}
            )
            made = CarrierService.objects.create(carrier=carrier, code=service, name=called, divisor=divisor, max_parcel_g=heaviest)
            rows += [
                RateRow(made.pk, opened, zone, kg * 1000, first * (1 + Decimal(n) / 5) + more * (kg - 5), max(1, usual + extra))
                for zone, usual in days.items() for n, kg in enumerate(BREAKS)
            ]  # fmt: skip
            sheet = RateSheet.objects.create(service=made, valid_from=opened)
            CarrierSurcharge.objects.create(sheet=sheet, name="Fuel", share=Decimal("0.115"))
            CarrierSurcharge.objects.create(sheet=sheet, name="Heavy", amount=Decimal("15"), above_g=100_000)
        CarrierRule.objects.create(position=1, up_to_criticality=0, aim=Aim.FASTEST)
        CarrierRule.objects.create(position=9, aim=Aim.IN_TIME)
    write_rates(rows, by=by)
    walid = User.objects.get(username="walid")
    mine = Shipment.objects.filter(status__in=["packed", "picked"], planned_date__gte=date.today() - timedelta(days=30), location__staff__user=walid)
    for n, shipment in enumerate(mine.order_by("-status", "pk")[:10]):
        given = ask_carrier(shipment.pk, by=walid)
        carry_out(given.pk, by=by)
        if n % 2 == 0:
            gone(ship(shipment.pk, by=walid), given, n, by)


def gone(shipment: Shipment, given: Consignment, n: int, by: Any) -> None:
    """It left, and the carrier tells of it; of the first that it stands at a border."""
    told = [(TrackingKind.ACCEPTED, "Lyon", ""), (TrackingKind.MOVING, "Dijon", "")]
    if n == 0:
        told.append((TrackingKind.TROUBLE, "Basel", "Papers are missing at the border"))
    now = datetime.now(UTC)
    take_tracking(given.service.carrier, [
        Told(f"{given.number}-{i}", shipment.tracking_number, kind, now - timedelta(minutes=10 * (len(told) - i)), place, text)
        for i, (kind, place, text) in enumerate(told)
    ], by=by)  # fmt: skip
