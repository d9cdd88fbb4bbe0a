"""The port to carriers, and a simulated one that behaves badly when asked to. A carrier's own adapter keeps the same protocol.

Every booking carries a key: told twice, it answers the same and books nothing again. What is not answered is asked anew.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.dateparse import parse_datetime

from oms.kernel.errors import Invalid
from orders.carriers.choices import Connection, TrackingKind
from orders.carriers.models import Carrier


@dataclass(frozen=True)
class Parcels:
    """What is given to a carrier, as its adapter needs it."""

    service: str
    reference: str
    weight_g: int
    volume_cm3: int
    parcels: int
    sender: Mapping[str, str]
    recipient: Mapping[str, str]


@dataclass(frozen=True)
class Said:
    """What a carrier answered: its tracking number, or why not when it refused for good."""

    tracking_number: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Told:
    """One thing a carrier tells of a parcel; `key` is unique with the carrier, `at` knows its zone."""

    key: str
    tracking_number: str
    kind: str
    at: datetime
    place: str = ""
    text: str = ""


class NoAnswer(Exception):
    """The carrier could not be reached, or said to come again: nothing is known."""


class CarrierPort(Protocol):
    """`signed` and `read` are for what it tells by webhook, `track` for what it tells when asked (`polled`)."""

    polled: bool

    def book(self, key: str, parcels: Parcels) -> Said: ...
    def void(self, key: str, tracking_number: str) -> Said: ...
    def signed(self, secret: str, body: bytes, headers: Mapping[str, str]) -> bool: ...
    def read(self, body: bytes) -> list[Told]: ...
    def track(self, numbers: Sequence[str]) -> list[Told]: ...


MAX_TOLD = 1_000


class Simulated:
    """Answers by the recipient's street: `Silent…` never, `Refused…` not at all, `Late…` takes the booking and cannot give it up.

    Its webhook is our own form of what carriers tell: a JSON list of events, signed with HMAC-SHA256 in hex. `told` is what
    it says when asked; a test fills it.
    """

    polled = True

    def __init__(self) -> None:
        self.told: list[Told] = []

    def book(self, key: str, parcels: Parcels) -> Said:
        street = parcels.recipient.get("street", "")
        if street.startswith("Silent"):
            raise NoAnswer("timeout")
        if street.startswith("Refused"):
            return Said(refused="address not served")
        digits = int.from_bytes(hashlib.sha256(key.encode()).digest()[:6], "big") % 10**12
        return Said(f"{'LT' if street.startswith('Late') else 'SM'}{digits:012d}")

    def void(self, key: str, tracking_number: str) -> Said:
        return Said(tracking_number, "already taken over" if tracking_number.startswith("LT") else "")

    def signed(self, secret: str, body: bytes, headers: Mapping[str, str]) -> bool:
        expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return hmac.compare_digest(expected.encode(), headers.get("X-Signature", "").strip().lower().encode("utf-8", "replace"))

    def read(self, body: bytes) -> list[Told]:
        return events_of(body)

    def track(self, numbers: Sequence[str]) -> list[Told]:
        return [t for t in self.told if t.tracking_number in numbers]


def events_of(body: bytes) -> list[Told]:
    """The events of our own form: [{"id", "tracking_number", "kind", "at", "place", "text"}]; unknown kinds are trouble with their word.

    Raises Invalid `bad_tracking` with the number of the event at fault.
    """
    try:
        rows = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Invalid("The body is not JSON.", code="bad_tracking") from error
    if not isinstance(rows, list) or len(rows) > MAX_TOLD:
        raise Invalid(f"A list of at most {MAX_TOLD} events is expected.", code="bad_tracking")
    return [_told(row, n) for n, row in enumerate(rows, 1)]


def _told(row: Any, n: int) -> Told:
    texts = {name: row.get(name, "") for name in ("id", "tracking_number", "kind", "at", "place", "text")} if isinstance(row, dict) else {}
    if not texts or not all(isinstance(x, str) and "\x00" not in x for x in texts.values()):
        raise Invalid(f"Event {n} is not an object of texts.", code="bad_tracking")
    try:
        at = parse_datetime(texts["at"])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or not texts["id"] or not texts["tracking_number"]:
        raise Invalid(f"Event {n} needs id, tracking_number and at (a time with its zone).", code="bad_tracking")
    if len(texts["id"]) > 120 or len(texts["tracking_number"]) > 60:
        raise Invalid(f"Event {n}: id has at most 120 characters, tracking_number 60.", code="bad_tracking")
    known = texts["kind"] in TrackingKind.values
    said = texts["text"] if known else f"{texts['kind']}: {texts['text']}"
    return Told(texts["id"], texts["tracking_number"], texts["kind"] if known else TrackingKind.TROUBLE.value, at, texts["place"][:80], said[:300])


SIMULATED = Simulated()
CARRIERS: dict[str, CarrierPort] = {"simulated": SIMULATED}


def carrier_port(carrier: Carrier) -> CarrierPort | None:
    """How a carrier is spoken with; None for one that is not connected."""
    if carrier.connection == Connection.KARRIO:
        from orders.carriers.through_karrio import Karrio

        return Karrio(carrier.provider, carrier.credentials)
    return CARRIERS.get(carrier.connection)
