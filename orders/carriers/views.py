"""Pages of carriers: compare services for a shipment and give it to one; how services keep their word. Each action calls one use case."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse, reverse_lazy
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from oms.company.selectors import company, company_zone
from oms.kernel.errors import Invalid
from oms.web.views import ActionPage, ListPage, Page
from orders.carriers.adapters import carrier_port
from orders.carriers.models import Consignment
from orders.carriers.selectors import (
    consignment_of,
    kept_words,
    kilograms,
    load_of,
    shop,
    visible_consignments,
)
from orders.carriers.services import ask_carrier, give_up
from orders.carriers.services.booking import MAX_GRAMS, MAX_PARCELS, ship_day
from orders.carriers.tables import ConsignmentTable, KeptTable
from orders.fulfilment.models import Shipment
from orders.fulfilment.selectors import visible_shipments

CARRIERS = (gettext_lazy("Carriers"), reverse_lazy("orders:carriers"))


def found_shipment(request: HttpRequest, number: str) -> Shipment:
    """The shipment within the row filter, or 404."""
    rows = visible_shipments(request.user).select_related("order__customer", "order__ship_to", "location")
    found = rows.filter(number=number).first() if "\x00" not in number else None
    if found is None:
        raise Http404(_("There is no shipment %(number)s.") % {"number": number})
    return found


def typed_load(data: Any) -> tuple[int, int | None]:
    """(parcels, grams or None) as typed: kilograms with up to three decimals. Raises Invalid `bad_parcels`."""
    bad = Invalid(_("Say how many parcels there are and what they weigh, in kilograms."), code="bad_parcels")
    parcels, weight = data.get("parcels", "").strip() or "1", data.get("weight", "").strip().replace(",", ".")
    if not parcels.isdecimal() or not 0 < len(parcels) < 4 or not 0 < int(parcels) <= MAX_PARCELS:
        raise bad
    if not weight:
        return int(parcels), None
    try:
        grams = Decimal(weight) * 1000
        if not grams.is_finite() or not 0 < grams <= MAX_GRAMS or grams != int(grams):
            raise bad
    except InvalidOperation as error:
        raise bad from error
    return int(parcels), int(grams)


class Shop(Page):
    """What every service asks for a shipment, the best first."""

    verb = "carriers.book"
    template_name = "orders/carriers/shop.html"

    @cached_property
    def shipment(self) -> Shipment:
        return found_shipment(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.shipment

    def get_title(self) -> str:
        return _("Carrier for %(number)s") % {"number": self.shipment.number}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shipment, refusal = self.shipment, None
        try:
            parcels, grams = typed_load(self.request.GET)
        except Invalid as error:
            (parcels, grams), refusal = (1, None), error
        shopping = shop(shipment, load_of(shipment, parcels, grams), ship_day(shipment, timezone.now()))
        return super().get_context_data(
            shipment=shipment, shopping=shopping, refusal=refusal, weight=kilograms(shopping.load.weight_g), standing=consignment_of(shipment),
            connected={o.service.pk for o in shopping.offers if carrier_port(o.service.carrier)},
            crumbs=[(_("Ship"), reverse("orders:shipments")), (shipment.number, reverse("orders:shipment-detail", args=[shipment.number]))], **kwargs,
        )  # fmt: skip


class Give(ActionPage):
    """Give the shipment to a service."""

    verb = "carriers.book"
    done = gettext_lazy("The carrier is asked.")

    @cached_property
    def shipment(self) -> Shipment:
        return found_shipment(self.request, self.kwargs["number"])

    def get_object_for_authorize(self) -> Any:
        return self.shipment

    def run(self) -> Consignment:
        service = self.request.POST.get("service", "")
        if service and (not service.isdecimal() or len(service) > 15):
            raise Invalid(_("Choose a service."), code="no_service")
        parcels, grams = typed_load(self.request.POST)
        return ask_carrier(self.shipment.pk, int(service) if service else None, parcels, grams, by=self.request.user)

    def get_success_url(self) -> str:
        return reverse("orders:shipment-detail", args=[self.kwargs["number"]])


class TakeFromCarrier(Give):
    """Tell the carrier that it will not get the shipment."""

    done = gettext_lazy("The carrier is told.")

    def run(self) -> Consignment:
        found = consignment_of(self.shipment)
        if found is None:
            raise Http404(_("It was not given to a carrier."))
        return give_up(found.pk, by=self.request.user)


class Carriers(ListPage):
    """What services cost and how they keep their word, over 90 days."""

    verb = "carriers.view"
    title = gettext_lazy("Carriers")
    template_name = "orders/carriers/carriers.html"
    table_class = KeptTable

    def get_queryset(self) -> Any:
        return kept_words(self.request.user, timezone.localdate(timezone=company_zone()))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(currency=company().currency_id, **kwargs)


class Consignments(ListPage):
    """What was given to carriers, the latest first."""

    verb = "carriers.view"
    title = gettext_lazy("Consignments")
    crumbs = (CARRIERS,)
    table_class = ConsignmentTable

    def get_queryset(self) -> Any:
        return visible_consignments(self.request.user).order_by("-pk")
