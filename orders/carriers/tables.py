"""Tables of carriers."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from oms.web.tables import (
    AgeColumn,
    Column,
    DayColumn,
    LinkColumn,
    MoneyColumn,
    NumberColumn,
    PercentColumn,
    StateColumn,
    Table,
)
from orders.carriers.models import Consignment


class KeptTable(Table):
    """Services with what they cost and how they keep their word."""

    carrier = Column(verbose_name=_("Carrier"))
    service = Column(verbose_name=_("Service"))
    parcels = NumberColumn(verbose_name=_("Shipments"))
    told = NumberColumn(verbose_name=_("Delivered, proven"), priority=2)
    share = PercentColumn(verbose_name=_("In time"))
    days_late = NumberColumn(verbose_name=_("Days late when late"), priority=2)
    trouble = NumberColumn(verbose_name=_("Failed or lost"))
    cost = MoneyColumn(verbose_name=_("Cost"))
    per_kg = MoneyColumn(verbose_name=_("Cost of a kg"), priority=2)

    caption = _("How services keep their word")
    empty_title = _("No shipment went by a carrier's service in the last 90 days")
    empty_help = _("On a shipment's page, “Choose a carrier” compares what services ask and gives the shipment to one.")

    class Meta:
        sequence = ("carrier", "service", "parcels", "told", "share", "days_late", "trouble", "cost", "per_kg")


def shipment_url(record: Consignment) -> str:
    """The page of its shipment."""
    return reverse("orders:shipment-detail", args=[record.shipment.number])


class ConsignmentTable(Table):
    """What was given to carriers, the latest first."""

    number = LinkColumn(verbose_name=_("Consignment"), url=shipment_url)
    state = StateColumn(verbose_name=_("State"), kinds={"booked": "done", "asked": "attention", "voiding": "attention", "refused": "trouble"}, orderable=False)
    shipment = Column(accessor="shipment__number", verbose_name=_("Shipment"))
    service = Column(accessor="service", verbose_name=_("Service"), orderable=False)
    tracking_number = Column(verbose_name=_("Tracking"), priority=2)
    asked_at = AgeColumn(verbose_name=_("Given"), priority=2)
    arrives = DayColumn(verbose_name=_("Arrives"))
    price = MoneyColumn(verbose_name=_("Price"), priority=2)

    caption = _("Consignments")
    empty_title = _("Nothing was given to a carrier yet")
    empty_help = _("On a shipment's page, “Choose a carrier” compares what services ask and gives the shipment to one.")

    def row_url(self, record: Any) -> str:
        return shipment_url(record)

    class Meta:
        sequence = ("number", "state", "shipment", "service", "tracking_number", "asked_at", "arrives", "price")
