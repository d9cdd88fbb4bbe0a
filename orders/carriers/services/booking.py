"""Give a shipment to a carrier: ask, be answered, give it up. The carrier is called outside of any transaction."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from oms.accounts.policies import authorize
from oms.events.services import current, new_ids, use_case
from oms.jobs.services import enqueue
from oms.kernel.dates import asked_again
from oms.kernel.errors import Conflict, Invalid
from orders.book.services import subjects
from orders.carriers.adapters import NoAnswer, Parcels, Said, carrier_port
from orders.carriers.choices import STANDING, WAITS, ConsignmentState
from orders.carriers.locks import lock_consignment
from orders.carriers.models import Consignment
from orders.carriers.selectors import Offer, load_of, shop
from orders.fulfilment.locks import lock_shipment
from orders.fulfilment.models import Shipment

CARRY_OUT = "carriers.speak"
NOT_GONE = ("released", "picking", "picked", "packed")
MAX_PARCELS, MAX_GRAMS = 999, 100_000_000


@use_case("carriers.book")
def ask_carrier(
    shipment_id: int, service_id: int | None = None, parcels: int = 1, weight_g: int | None = None, *, by: Any, at: datetime | None = None
) -> Consignment:
    """Give a shipment that has not left to a service, by default the one its rule takes; the worker speaks with the carrier.

    `weight_g` as weighed counts instead of the products'. Raises NotFound, Forbidden; Invalid `bad_parcels`; Conflict
    `shipment_gone`, `already_given`, `no_service`, `not_connected`.
    """
    shipment = lock_shipment(shipment_id)
    authorize(by, "carriers.book", shipment)
    if not 0 < parcels <= MAX_PARCELS or weight_g is not None and not 0 < weight_g <= MAX_GRAMS:
        raise Invalid(_("Say how many parcels there are and what they weigh."), code="bad_parcels")
    if shipment.status not in NOT_GONE:
        raise Conflict(_("%(number)s is: %(state)s.") % {"number": shipment, "state": shipment.get_status_display()}, code="shipment_gone")
    standing = Consignment.objects.filter(shipment=shipment, state__in=STANDING).select_related("service__carrier").first()
    if standing:
        raise Conflict(_("%(number)s is with %(service)s already.") % {"number": shipment, "service": standing.service}, code="already_given",
                       clears=_("Give that up first."))  # fmt: skip
    cmd = current()
    shopping = shop(shipment, load_of(shipment, parcels, weight_g), ship_day(shipment, cmd.at))
    offer = next((o for o in shopping.offers if service_id in (None, o.service.pk)), None)
    if offer is None or offer.price is None or offer.arrives is None:
        raise Conflict(_("No service takes this shipment.") if offer is None else _("%(service)s does not take it: %(why)s.")
                       % {"service": offer.service, "why": offer.refused}, code="no_service", clears=_("Choose another service, or another weight."))  # fmt: skip
    if carrier_port(offer.service.carrier) is None:
        raise Conflict(_("%(carrier)s is not connected.") % {"carrier": offer.service.carrier}, code="not_connected",
                       clears=_("Type its tracking number when the shipment leaves."))  # fmt: skip
    (pk,) = new_ids("orders_consignment")
    made = Consignment(
        pk=pk, number=f"CO{pk:07d}", shipment=shipment, service=offer.service, weight_g=shopping.load.weight_g, volume_cm3=shopping.load.volume_cm3,
        parcels=parcels, billed_g=offer.price.billed_g, price=offer.price.total, parts=[[name, str(amount)] for name, amount in offer.price.parts],
        why=shopping.why if offer == shopping.best else _chosen(shopping.best), arrives=offer.arrives, asked_at=cmd.at, next_at=cmd.at,
    )  # fmt: skip
    made.event_id = _event("consignment.asked", made)
    made.save(force_insert=True)
    enqueue(CARRY_OUT, made.number, by=by)
    return made


def ship_day(shipment: Shipment, now: datetime) -> date:
    """The day a shipment is handed over: its planned one, or today at its location when that is past."""
    return max(shipment.planned_date, now.astimezone(ZoneInfo(shipment.location.timezone)).date())


def _chosen(best: Offer | None) -> str:
    return _("Chosen by hand; the rule takes %(service)s.") % {"service": best.service} if best else _("Chosen by hand.")


def _event(name: str, consignment: Consignment, note: str = "") -> int:
    shipment = consignment.shipment
    about = subjects(shipment.order_id, shipment.order.customer_id, [("shipment", shipment.pk)])
    facts = {"consignment": consignment.number, "shipment": shipment.pk, "service": str(consignment.service), "state": str(consignment.state)}
    return current().event(name, about, facts, note=note)


@use_case("carriers.give_up")
def give_up(consignment_id: int, *, by: Any, at: datetime | None = None) -> Consignment:
    """Tell the carrier that it will not get the shipment. Raises Conflict `consignment_state`, `shipment_gone`."""
    seen = Consignment.objects.filter(pk=consignment_id).values_list("shipment_id", flat=True).first() or 0
    shipment = lock_shipment(seen)
    authorize(by, "carriers.book", shipment)
    made = lock_consignment(consignment_id)
    if made.state not in STANDING:
        raise Conflict(_("%(number)s is: %(state)s.") % {"number": made, "state": made.get_state_display()}, code="consignment_state",
                       clears=_("Load the page again."))  # fmt: skip
    if shipment.shipped_at is not None and shipment.status != "reversed":
        raise Conflict(_("%(number)s has left.") % {"number": shipment}, code="shipment_gone")
    # What the carrier has not answered yet may be booked with it: it is given up under its key all the same.
    made.state, made.attempts, made.next_at = ConsignmentState.VOIDING, 0, current().at
    _event("consignment.voiding", made)
    made.save(update_fields=["state", "attempts", "next_at"])
    if shipment.tracking_number == made.tracking_number:
        Shipment.objects.filter(pk=shipment.pk).update(tracking_number="")
    enqueue(CARRY_OUT, f"{made.number}-{made.state}", by=by)
    return made


def carry_out(consignment_id: int, *, by: Any) -> str:
    """Ask the carrier for what a consignment waits for, outside of any transaction, and keep its answer; the state it has then.

    Killed in between, it is asked again under the same key.
    """
    made = Consignment.objects.select_related("service__carrier", "shipment__order__ship_to", "shipment__location").get(pk=consignment_id)
    port = carrier_port(made.service.carrier)
    if made.state not in WAITS or port is None:
        return str(made.state)
    try:
        said = port.book(made.number, parcels_of(made)) if made.state == ConsignmentState.ASKED else port.void(made.number, made.tracking_number)
    except NoAnswer as error:
        return later(consignment_id, str(made.state), str(error), by=by)
    return settle(consignment_id, str(made.state), said, by=by)


def parcels_of(made: Consignment) -> Parcels:
    """What the carrier is told of a consignment."""
    place, location = made.shipment.order.ship_to, made.shipment.location
    return Parcels(
        made.service.code, made.shipment.number, made.weight_g, made.volume_cm3, made.parcels,
        {"name": location.name, "street": location.address, "country": location.country},
        {"name": place.name, "street": place.street, "postal_code": place.postal_code, "city": place.city, "country": place.country},
    )  # fmt: skip


@use_case("carriers.carry_out")
def settle(consignment_id: int, asked: str, said: Said, *, by: Any, at: datetime | None = None) -> str:
    """Keep what the carrier said to what it was asked; a booked shipment has its number. An answer to something else changes
    nothing, but for a booking that was given up meanwhile: it is given up under its number.
    """
    authorize(by, "carriers.carry_out")
    seen = Consignment.objects.filter(pk=consignment_id).values_list("shipment_id", flat=True).first() or 0
    shipment = lock_shipment(seen)
    made = lock_consignment(consignment_id)
    if made.state != asked:
        if asked == ConsignmentState.ASKED and said.tracking_number and not made.tracking_number:
            return _give_back(made, said.tracking_number)
        return str(made.state)
    if asked == ConsignmentState.ASKED:
        made.state = ConsignmentState.REFUSED if said.refused else ConsignmentState.BOOKED
    else:
        made.state = ConsignmentState.VOIDED
    made.tracking_number, made.reason, made.attempts = said.tracking_number or made.tracking_number, said.refused[:300], 0
    _event(f"consignment.{made.state}", made, note=made.reason)
    made.save(update_fields=["state", "tracking_number", "reason", "attempts"])
    if made.state == ConsignmentState.BOOKED and (shipment.shipped_at is None or not shipment.tracking_number):
        Shipment.objects.filter(pk=shipment.pk).update(tracking_number=made.tracking_number, carrier=str(made.service)[:60])
    return str(made.state)


def _give_back(made: Consignment, tracking_number: str) -> str:
    """Part: the carrier booked what is not wanted any more: now that it has a number, it is told so."""
    made.state, made.tracking_number, made.attempts, made.next_at = ConsignmentState.VOIDING, tracking_number, 0, current().at
    _event("consignment.voiding", made)
    made.save(update_fields=["state", "tracking_number", "attempts", "next_at"])
    return str(made.state)


@use_case("carriers.unanswered")
def later(consignment_id: int, asked: str, why: str, *, by: Any, at: datetime | None = None) -> str:
    """The carrier did not answer: it is asked again, later each time."""
    authorize(by, "carriers.carry_out")
    made = lock_consignment(consignment_id)
    if made.state == asked:
        made.attempts, made.reason, made.next_at = made.attempts + 1, why[:300], asked_again(current().at, made.attempts)
        made.save(update_fields=["attempts", "reason", "next_at"])
    return str(made.state)
