"""Reads of carriers: which services take a shipment, at what cost, arriving when; consignments; how carriers keep their word."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from oms.company.selectors import company, exponent, in_words
from orders.carriers.choices import STANDING, WAITS, Aim
from orders.carriers.domain import Bid, Load, Price, Rate, Sheet, Surcharge, price, ranked
from orders.carriers.models import (
    Carrier,
    CarrierRate,
    CarrierRule,
    CarrierService,
    CarrierSurcharge,
    Consignment,
    RateSheet,
    TrackingEvent,
)
from orders.fulfilment.models import Shipment
from orders.fulfilment.selectors import visible_shipments
from orders.planning.selectors import network


@dataclass(frozen=True)
class Offer:
    """One service for a shipment: its price and day, or in words why it does not take it."""

    service: CarrierService
    price: Price | None
    arrives: date | None
    in_time: bool
    refused: str = ""

    @property
    def billed_kg(self) -> str:
        """What the carrier weighs it at."""
        return kilograms(self.price.billed_g) if self.price else ""


@dataclass(frozen=True)
class Shopping:
    """Every service that is asked, the best first, by which rule, and in words why the first is it."""

    load: Load
    currency: str
    ships: date
    due: date
    aim: Aim
    offers: tuple[Offer, ...]
    why: str

    @property
    def best(self) -> Offer | None:
        """The offer to take: none when no service takes the shipment."""
        return next((o for o in self.offers if o.price is not None), None)


WEIGHT = """
SELECT coalesce(sum(l.quantity * p.weight_g), 0)::bigint, coalesce(sum(l.quantity * p.volume_cm3), 0)::bigint
FROM orders_shipmentline l JOIN inventory_product p ON p.id = l.product_id WHERE l.shipment_id = %s
"""


def load_of(shipment: Shipment, parcels: int = 1, weight_g: int | None = None) -> Load:
    """Weight and volume of a shipment's goods by the product's; a weight that was weighed counts instead. At least a gram."""
    with connection.cursor() as cursor:
        cursor.execute(WEIGHT, [shipment.pk])
        grams, volume = cursor.fetchone()
    return Load(max(1, grams if weight_g is None else weight_g), volume, parcels)


def sheets(zone: str, on: date) -> dict[CarrierService, Sheet]:
    """The sheet of every active service that holds on a day, with its prices to a zone. Four statements, however many there are."""
    services = CarrierService.objects.filter(active=True, carrier__active=True).select_related("carrier__calendar").order_by("pk")
    valid = RateSheet.objects.filter(valid_from__lte=on, service__in=services).order_by("service_id", "-valid_from").distinct("service_id")
    of = {s.service_id: s.pk for s in valid}
    rates: dict[int, list[Rate]] = {}
    for r in CarrierRate.objects.filter(sheet__in=of.values(), transit_zone=zone).order_by("up_to_g"):
        rates.setdefault(r.sheet_id, []).append(Rate(r.up_to_g, r.price, r.days))
    extras: dict[int, list[Surcharge]] = {}
    for x in CarrierSurcharge.objects.filter(sheet__in=of.values(), transit_zone__in=["", zone]).order_by("pk"):
        extras.setdefault(x.sheet_id, []).append(Surcharge(x.name, x.share, x.amount, x.per_parcel, x.above_g))
    return {
        s: Sheet(s.pk, str(s), s.divisor, s.max_parcel_g, tuple(rates.get(of[s.pk], ())), tuple(extras.get(of[s.pk], ())))
        for s in services if s.pk in of
    }  # fmt: skip


def rule_for(shipment: Shipment) -> Aim:
    """What the first rule that fits a shipment looks for."""
    fits = Q(location=None) | Q(location_id=shipment.location_id)
    critical = Q(up_to_criticality=None) | Q(up_to_criticality__gte=shipment.order.criticality)
    found = CarrierRule.objects.filter(fits, critical).order_by("position").first()
    return Aim(found.aim) if found else Aim.IN_TIME


REFUSALS = {
    "zone": lambda s, load: _("it has no price to this zone"),
    "weight": lambda s, load: _("%(kg)s kg are above its last price") % {"kg": kilograms(load.weight_g)},
    "parcel": lambda s, load: _("a parcel has at most %(kg)s kg with it") % {"kg": kilograms(s.max_parcel_g)},
}


def kilograms(grams: int) -> str:
    """1234 → "1.234"."""
    return f"{Decimal(grams).scaleb(-3).normalize():f}"


def shop(shipment: Shipment, load: Load, ships: date) -> Shopping:
    """What every service asks for a shipment handed over on `ships`, the best by the rule first; nothing is written."""
    place, currency = shipment.order.ship_to, company().currency_id
    calendars, digits = network(), exponent(currency)
    offers: dict[int, Offer] = {}
    bids = []
    for service, sheet in sheets(place.transit_zone, ships).items():
        found = price(sheet, load, digits)
        if isinstance(found, str):
            offers[service.pk] = Offer(service, None, None, False, REFUSALS[found](sheet, load))
            continue
        worked = service.carrier.calendar_id
        arrives = calendars.next_worked(place.receiving_calendar_id, calendars.add_worked(worked, ships, found.days))
        offers[service.pk] = Offer(service, found, arrives, arrives <= shipment.delivery_date)
        bids.append(Bid(service.pk, found.total, arrives))
    aim = rule_for(shipment)
    order = ranked(bids, aim, shipment.delivery_date)
    best = [offers[b.service_id] for b in order]
    refused = [o for o in offers.values() if o.price is None]
    return Shopping(load, currency, ships, shipment.delivery_date, aim, (*best, *refused), explained(best, aim, shipment.delivery_date, currency))


def explained(best: list[Offer], aim: Aim, due: date, currency: str) -> str:
    """Why the first offer is the one to take, in a sentence."""
    if not best:
        return _("No service takes this shipment.")
    first, late = best[0], not best[0].in_time
    assert first.price is not None and first.arrives is not None
    facts = {"service": first.service, "price": f"{in_words(first.price.total, currency)} {currency}",
             "arrives": date_format(first.arrives, "j M"), "due": date_format(due, "j M")}  # fmt: skip
    if aim == Aim.FASTEST:
        said = _("%(service)s arrives first, on %(arrives)s, for %(price)s.") % facts
    elif aim == Aim.CHEAPEST:
        said = _("%(service)s asks least, %(price)s, and arrives on %(arrives)s.") % facts
    elif late:
        return _("No service arrives by %(due)s; %(service)s comes nearest, on %(arrives)s, for %(price)s.") % facts
    else:
        said = _("%(service)s asks least of those that arrive by %(due)s: %(price)s, on %(arrives)s.") % facts
    return said + (" " + _("Promised is %(due)s.") % facts if late else "")


def consignment_of(shipment: Shipment) -> Consignment | None:
    """What a shipment was given to a carrier by last, whatever became of it."""
    return Consignment.objects.filter(shipment=shipment).select_related("service__carrier").order_by("-pk").first()


def tracking_of(shipment: Shipment) -> list[TrackingEvent]:
    """What carriers told of a shipment, the latest first."""
    return list(TrackingEvent.objects.filter(shipment=shipment).select_related("carrier").order_by("-at", "-pk"))


def visible_consignments(user: Any) -> QuerySet[Consignment]:
    """Consignments of shipments `user` may see."""
    return Consignment.objects.filter(shipment__in=visible_shipments(user)).select_related("shipment__order", "service__carrier")


def to_carry_out(now: datetime, limit: int = 200) -> list[int]:
    """Consignments that wait for their carrier's answer and may be asked for now, the longest waiting first."""
    rows = Consignment.objects.filter(state__in=list(WAITS), next_at__lte=now).order_by("next_at", "pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def forsaken(limit: int = 200) -> list[int]:
    """Consignments that stand for shipments which will not leave."""
    rows = Consignment.objects.filter(state__in=STANDING, shipment__status__in=["cancelled", "reversed"]).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:limit])


def to_track(carrier: Carrier, limit: int = 1_000) -> list[str]:
    """Tracking numbers of a carrier's parcels on their way, the longest on it first."""
    rows = Consignment.objects.filter(service__carrier=carrier, state="booked", shipment__status__in=["shipped", "in_transit", "failed"])
    return list(rows.order_by("shipment__shipped_at", "pk").values_list("tracking_number", flat=True)[:limit])


def spoken_of(shipment_id: int) -> bool:
    """Whether a carrier told of a shipment, or of its number before it was the shipment's. One statement."""
    number = Shipment.objects.filter(pk=shipment_id).exclude(tracking_number="").values("tracking_number")
    return TrackingEvent.objects.filter(Q(shipment_id=shipment_id) | Q(tracking_number__in=number)).exists()


def to_follow(now: datetime, limit: int = 1_000) -> list[int]:
    """Shipments on their way that a carrier spoke of within a day: what was kept and, by whatever happened, not followed."""
    rows = Shipment.objects.filter(status__in=["shipped", "in_transit", "failed"], tracking__received_at__gt=now - timedelta(days=1))
    return list(rows.order_by("pk").values_list("pk", flat=True).distinct()[:limit])


KEPT = """
SELECT s.id, carrier.name AS carrier, s.name AS service, count(*) AS parcels, sum(c.price) AS cost, sum(c.weight_g) AS grams,
       count(*) FILTER (WHERE sh.delivered_date IS NOT NULL AND sh.delivery_proof <> 'assumed') AS told,
       count(*) FILTER (WHERE sh.delivered_date <= c.arrives AND sh.delivery_proof <> 'assumed') AS in_time,
       count(*) FILTER (WHERE sh.status IN ('failed', 'lost', 'came_back')) AS trouble,
       round(avg(sh.delivered_date - c.arrives) FILTER (WHERE sh.delivered_date > c.arrives AND sh.delivery_proof <> 'assumed'), 1) AS days_late
FROM orders_consignment c JOIN orders_shipment sh ON sh.id = c.shipment_id
JOIN orders_carrierservice s ON s.id = c.service_id JOIN orders_carrier carrier ON carrier.id = s.carrier_id
WHERE c.state = 'booked' AND sh.shipped_at >= %(since)s AND sh.id IN ({visible})
GROUP BY 1, 2, 3 ORDER BY parcels DESC, carrier, service
"""


@dataclass(frozen=True)
class Kept:
    """How a service kept its word: `told` deliveries that something proves, of which `in_time` by the day its sheet promised."""

    pk: int
    carrier: str
    service: str
    parcels: int
    cost: Decimal
    grams: int
    told: int
    in_time: int
    trouble: int
    days_late: Decimal | None

    @property
    def share(self) -> Decimal | None:
        """The share in time of what is told."""
        return Decimal(self.in_time) / self.told if self.told else None

    @property
    def per_kg(self) -> Decimal | None:
        """Cost of a kilogram."""
        return self.cost * 1000 / self.grams if self.grams else None


def kept_words(user: Any, today: date, days: int = 90) -> list[Kept]:
    """Promised against actual by service, of the shipments `user` may see that left in the last days. Assumed deliveries prove nothing."""
    try:
        sql, values = visible_shipments(user).values("pk").query.sql_with_params()
    except EmptyResultSet:  # sees no order at all
        return []
    with connection.cursor() as cursor:
        cursor.execute(KEPT.replace("%(since)s", "%s").format(visible=sql), [today - timedelta(days=days), *values])
        return [Kept(*row) for row in cursor.fetchall()]
