"""Carriers through the library karrio, an extra (`uv pip install karrio karrio-dhl-express`: it and the package of the carrier).

karrio has no keys of idempotency: our number goes along as the reference, and a carrier that answers a call told twice with a
second booking is given that up by hand. It has no webhooks: parcels are asked for. What its carriers tell without a zone is the
company's time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.dateparse import parse_datetime

from oms.company.selectors import company_zone
from orders.carriers.adapters import NoAnswer, Parcels, Said, Told
from orders.carriers.choices import TrackingKind

KINDS = {
    "picked_up": TrackingKind.ACCEPTED, "in_transit": TrackingKind.MOVING, "out_for_delivery": TrackingKind.OUT, "ready_for_pickup": TrackingKind.OUT,
    "delivered": TrackingKind.DELIVERED, "delivery_failed": TrackingKind.FAILED, "return_to_sender": TrackingKind.BACK,
    "on_hold": TrackingKind.TROUBLE, "delivery_delayed": TrackingKind.TROUBLE, "cancelled": TrackingKind.TROUBLE,
}  # fmt: skip
# What says that the call may go well another time, and not that the carrier refused.
PASSING = re.compile(r"time.?out|timed out|temporar|unavailable|connection|rate.?limit|^(?:429|5\d\d) |\b(?:http|status)\W{0,3}(?:429|5\d\d)\b", re.IGNORECASE)
TOLD_EARLY = ("pending", "unknown", "")


class Karrio:
    """One carrier of karrio's with its credentials; the library is loaded when it is first spoken with."""

    polled = True

    def __init__(self, provider: str, credentials: Mapping[str, Any]) -> None:
        self.provider, self.credentials = provider, dict(credentials)

    def _ask(self, what: Callable[[Any], Any]) -> tuple[Any, list[Any]]:
        """(answer, messages) of a call on karrio's gateway. Raises NoAnswer for what may pass."""
        try:
            import karrio.sdk as sdk
        except ImportError as error:
            raise NoAnswer("karrio is not installed") from error
        try:
            found, messages = what(sdk).from_(sdk.gateway[self.provider].create(self.credentials)).parse()
        except Exception as error:  # the library raises what its carriers' transports raise
            raise NoAnswer(f"{type(error).__name__}: {error}"[:300]) from error
        if found is None and any(PASSING.search(f"{m.code} {m.message}") for m in messages):
            raise NoAnswer(words(messages))
        return found, messages

    def book(self, key: str, parcels: Parcels) -> Said:
        request = {
            "service": parcels.service, "reference": key, "label_type": "PDF", "shipper": address(parcels.sender), "recipient": address(parcels.recipient),
            "parcels": [{"weight": weight, "weight_unit": "KG"} for weight in weights(parcels)],
        }  # fmt: skip
        found, messages = self._ask(lambda sdk: sdk.Shipment.create(request))
        return Said(str(found.tracking_number)[:60]) if found else Said(refused=words(messages))

    def void(self, key: str, tracking_number: str) -> Said:
        found, messages = self._ask(lambda sdk: sdk.Shipment.cancel({"shipment_identifier": tracking_number}))
        return Said(tracking_number) if found and getattr(found, "success", True) else Said(tracking_number, words(messages) or "not given up")

    def signed(self, secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
        return False

    def read(self, body: bytes) -> list[Told]:
        return []

    def track(self, numbers: Sequence[str]) -> list[Told]:
        found, _messages = self._ask(lambda sdk: sdk.Tracking.fetch({"tracking_numbers": list(numbers)}))
        return [told for details in found or [] for told in events_of(details)]


def words(messages: Sequence[Any]) -> str:
    """What a carrier said, as one text."""
    return "; ".join(dict.fromkeys(str(m.message) for m in messages if m.message))[:300]


def address(place: Mapping[str, str]) -> dict[str, str]:
    """An address in karrio's words."""
    names = {"person_name": "name", "company_name": "name", "address_line1": "street", "city": "city", "postal_code": "postal_code", "country_code": "country"}
    return {theirs: place[ours] for theirs, ours in names.items() if place.get(ours)}


def weights(parcels: Parcels) -> list[float]:
    """Kilograms of each parcel: the load spread evenly, to the gram and none lost."""
    each, more = divmod(parcels.weight_g, parcels.parcels)
    return [max(1, each + (n < more)) / 1000 for n in range(parcels.parcels)]


def events_of(details: Any) -> list[Told]:
    """What is told of one parcel, the state of its latest event being the parcel's where the event has none."""
    found = []
    for n, event in enumerate(details.events or []):
        at = moment(event)
        status = str(getattr(event, "status", None) or (details.status if n == 0 else "") or "")
        if at is None or status in TOLD_EARLY and n:
            continue
        kind = KINDS.get(status, TrackingKind.DELIVERED if n == 0 and details.delivered else TrackingKind.MOVING)
        key = f"{details.tracking_number} {at.isoformat()} {event.code or event.description}"[:120]
        found.append(Told(key, str(details.tracking_number), kind.value, at, str(event.location or "")[:80], str(event.description or "")[:300]))
    return found


def moment(event: Any) -> datetime | None:
    """When an event was, with its zone; None for what can't be read."""
    text = getattr(event, "timestamp", None) or f"{event.date or ''} {event.time or '00:00'}"
    for form in (None, "%Y-%m-%d %H:%M", "%Y-%m-%d %I:%M %p", "%Y-%m-%d %H:%M:%S"):
        try:
            found = parse_datetime(text) if form is None else datetime.strptime(text, form)
        except ValueError:
            continue
        if found is not None:
            return found if found.tzinfo else found.replace(tzinfo=company_zone())
    return None
