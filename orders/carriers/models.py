"""Carriers with their services and rate sheets, the consignments given to them, and what they told of the parcels.

Prices are in the company's currency. A sheet holds from `valid_from` until the next one of its service does: prices are never
changed, a newer sheet follows. A `Consignment` is what a carrier was asked to take for one shipment; the call is made outside
of any transaction under its number as key, so that one told twice is the same. `TrackingEvent`s are kept as they were told,
each once; what they mean for the shipment is derived from all of them, in whatever order they come.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from inventory.catalog.models import StorageLocation
from oms.company.models import Calendar
from oms.events.models import Event
from orders.carriers.choices import STANDING, WAITS, Aim, Connection, ConsignmentState, TrackingKind
from orders.fulfilment.models import Shipment


class Carrier(models.Model):
    """Who carries. `secret` signs what it tells by webhook; after `silent_days` without a word a parcel is stuck."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    connection = models.CharField(max_length=10, choices=Connection.choices, default=Connection.NONE)
    calendar = models.ForeignKey(Calendar, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text=_("the days it works"))
    secret = models.CharField(max_length=200, blank=True, default="", help_text=_("of its webhooks' signatures"))
    provider = models.CharField(max_length=40, blank=True, default="", help_text=_("its name with karrio"))
    credentials = models.JSONField(blank=True, default=dict, help_text=_("what karrio needs to speak with it, as JSON"))
    silent_days = models.PositiveSmallIntegerField(default=3, help_text=_("a parcel it does not speak of for so long is stuck"))
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CarrierService(models.Model):
    """One kind of transport of a carrier; `code` is the carrier's own word for it."""

    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="services")
    code = models.CharField(max_length=40)
    name = models.CharField(max_length=60)
    divisor = models.PositiveIntegerField(default=0, help_text=_("cm³ that are billed as a kilogram; 0: only the weight counts"))
    max_parcel_g = models.PositiveIntegerField(default=0, help_text=_("the heaviest parcel in grams; 0: any"))
    active = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("carrier service")
        constraints = [models.UniqueConstraint(fields=["carrier", "code"], name="carrier_service_once")]

    def __str__(self) -> str:
        return f"{self.carrier} {self.name}"


class RateSheet(models.Model):
    """The prices of a service from a day on."""

    service = models.ForeignKey(CarrierService, on_delete=models.PROTECT, related_name="sheets", db_index=False)
    valid_from = models.DateField()

    class Meta:
        verbose_name = _("rate sheet")
        constraints = [models.UniqueConstraint(fields=["service", "valid_from"], name="rate_sheet_once")]

    def __str__(self) -> str:
        return f"{self.service}, {self.valid_from}"


class CarrierRate(models.Model):
    """Up to `up_to_g` billed grams to a zone cost `price` and take `days` of the carrier's days."""

    sheet = models.ForeignKey(RateSheet, on_delete=models.PROTECT, related_name="rates", db_index=False)
    transit_zone = models.CharField(max_length=20)
    up_to_g = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=3)
    days = models.PositiveSmallIntegerField(default=1)

    class Meta:
        verbose_name = _("carrier rate")
        constraints = [
            models.UniqueConstraint(fields=["sheet", "transit_zone", "up_to_g"], name="carrier_rate_once"),
            models.CheckConstraint(name="carrier_rate_amounts", condition=Q(price__gte=0, up_to_g__gt=0)),
        ]


class CarrierSurcharge(models.Model):
    """What a sheet adds: a share of the rate and an amount, to one zone or all, from a weight on."""

    sheet = models.ForeignKey(RateSheet, on_delete=models.PROTECT, related_name="surcharges", db_index=False)
    name = models.CharField(max_length=40)
    transit_zone = models.CharField(max_length=20, blank=True, default="", help_text=_("empty: every zone"))
    share = models.DecimalField(max_digits=5, decimal_places=4, default=0, help_text=_("of the rate; 0.12 is 12 %"))
    amount = models.DecimalField(max_digits=12, decimal_places=3, default=0)
    per_parcel = models.BooleanField(default=False)
    above_g = models.PositiveIntegerField(default=0, help_text=_("only above so many billed grams; 0: always"))

    class Meta:
        verbose_name = _("carrier surcharge")
        constraints = [
            models.UniqueConstraint(fields=["sheet", "name", "transit_zone"], name="carrier_surcharge_once"),
            models.CheckConstraint(name="carrier_surcharge_amounts", condition=Q(share__gte=0, amount__gte=0)),
        ]


class CarrierRule(models.Model):
    """By what a shipment's service is chosen; the first by `position` that fits. Without any: the cheapest that arrives in time."""

    position = models.PositiveSmallIntegerField(unique=True)
    location = models.ForeignKey(StorageLocation, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text=_("empty: every location"))
    up_to_criticality = models.PositiveSmallIntegerField(null=True, blank=True, help_text=_("only orders as critical as this (0 is the most critical)"))
    aim = models.CharField(max_length=10, choices=Aim.choices, default=Aim.IN_TIME)

    class Meta:
        verbose_name = _("carrier rule")
        ordering = ["position"]

    def __str__(self) -> str:
        return f"{self.position}: {self.get_aim_display()}"


class Consignment(models.Model):
    """A shipment given to a carrier: weights, price and day as they were offered, the tracking number it answered."""

    number = models.CharField(max_length=20, unique=True)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, related_name="consignments", db_index=False)
    service = models.ForeignKey(CarrierService, on_delete=models.PROTECT, related_name="consignments")
    state = models.CharField(max_length=10, choices=ConsignmentState.choices, default=ConsignmentState.ASKED)
    weight_g = models.PositiveIntegerField()
    volume_cm3 = models.PositiveBigIntegerField()
    parcels = models.PositiveSmallIntegerField()
    billed_g = models.PositiveIntegerField()
    price = models.DecimalField(max_digits=12, decimal_places=3)
    parts = models.JSONField(help_text="[[name, amount]]: how the price is added up")
    why = models.CharField(max_length=300, blank=True, default="", help_text="why this service, in words")
    arrives = models.DateField(help_text="the day the carrier's sheet promises")
    tracking_number = models.CharField(max_length=60, blank=True, default="")
    reason = models.CharField(max_length=300, blank=True, default="")
    attempts = models.SmallIntegerField(default=0)
    next_at = models.DateTimeField(db_default=Now())
    asked_at = models.DateTimeField()
    event = models.ForeignKey(Event, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shipment"], name="consignment_one_standing", condition=Q(state__in=[str(s) for s in STANDING])),
            models.UniqueConstraint(fields=["service", "tracking_number"], name="consignment_tracked_once", condition=~Q(tracking_number="")),
            models.CheckConstraint(name="consignment_booked_tracked", condition=~Q(state="booked") | ~Q(tracking_number="")),
            models.CheckConstraint(name="consignment_amounts", condition=Q(price__gte=0, parcels__gt=0)),
        ]
        indexes = [
            models.Index(fields=["next_at"], name="consignment_to_carry_out", condition=Q(state__in=[str(s) for s in WAITS])),
            models.Index(fields=["shipment"], name="consignment_of_shipment"),
        ]

    def __str__(self) -> str:
        return self.number


class TrackingEvent(models.Model):
    """What a carrier told of a tracking number; `key` is its own name for it. Append-only; `shipment` may become known later."""

    carrier = models.ForeignKey(Carrier, on_delete=models.PROTECT, related_name="+", db_index=False)
    key = models.CharField(max_length=120)
    tracking_number = models.CharField(max_length=60, db_index=True)
    shipment = models.ForeignKey(Shipment, on_delete=models.PROTECT, null=True, related_name="tracking")
    kind = models.CharField(max_length=10, choices=TrackingKind.choices)
    at = models.DateTimeField()
    place = models.CharField(max_length=80, blank=True, default="")
    text = models.CharField(max_length=300, blank=True, default="")
    received_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["carrier", "key"], name="tracking_event_once")]
