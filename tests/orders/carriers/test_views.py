"""The pages: what services ask, one key to give it, what became of it; how carriers keep their word; and their webhook."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from orders.carriers.problems import PROBLEMS
from orders.carriers.services import carry_out, take_tracking
from orders.fulfilment.services import delivery_failed
from orders.models import Carrier, Consignment, Shipment, TrackingEvent
from reporting.problems.selectors import problems
from tests.orders.carriers.test_services import booked, carrier, given, left, released, status, told
from tests.world import World

__all__ = ["carrier"]


def as_(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_from_the_offers_to_the_label(world: World, carrier: Carrier) -> None:
    _order, shipment = released(world, 30)
    client, page = as_(world.warehouse), reverse("orders:shipment-detail", args=[shipment.number])
    assert "Choose a carrier" in client.get(page).content.decode()
    offers = client.get(reverse("orders:shipment-carrier", args=[shipment.number]) + "?parcels=2&weight=9,5").content.decode()
    assert "asks least of those that arrive by" in offers and "24.90" in offers and 'value="9.5"' in offers
    bad = client.get(reverse("orders:shipment-carrier", args=[shipment.number]) + "?parcels=0").content.decode()
    assert "Say how many parcels" in bad
    answer = client.post(reverse("orders:shipment-give", args=[shipment.number]), {"service": "", "parcels": "2", "weight": "9.5"}, follow=True)
    made = Consignment.objects.get()
    assert (made.parcels, made.weight_g) == (2, 9_500) and "Being booked" in answer.content.decode()
    carry_out(made.pk, by=world.system)
    shown = client.get(page).content.decode()
    assert "Booked" in shown and Shipment.objects.get().tracking_number in shown
    client.post(reverse("orders:shipment-give-up", args=[shipment.number]))
    assert Consignment.objects.get().state == "voiding"


def test_without_prices_the_page_says_where_they_come_from(world: World) -> None:
    _order, shipment = released(world, 30)
    assert "No carrier has prices yet" in as_(world.warehouse).get(reverse("orders:shipment-carrier", args=[shipment.number])).content.decode()


def test_promised_against_actual_is_shown_and_exported(world: World, carrier: Carrier) -> None:
    left(world)
    client = as_(world.manager)
    assert "Road" in client.get(reverse("orders:carriers")).content.decode()
    assert b"Post,Road,1" in b"".join(client.get(reverse("orders:carriers") + "?export=csv").streaming_content)
    assert "CO" in client.get(reverse("orders:consignments")).content.decode()


def post(body: bytes, secret: str = "s3cret", code: str = "post") -> Any:
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Client().post(reverse("api:carrier-tracking", args=[code]), body, content_type="application/json", headers={"X-Signature": signature})


def test_the_webhook_takes_what_is_signed_once(world: World, carrier: Carrier) -> None:
    _order, shipment = left(world)
    body = json.dumps([{"id": t.key, "tracking_number": t.tracking_number, "kind": t.kind, "at": t.at.isoformat(), "place": t.place} for t in told(shipment, "moving")]).encode()
    assert post(body, "wrong").status_code == 401 and TrackingEvent.objects.count() == 0
    assert post(body, code="nobody").status_code == 404
    assert post(body).json() == {"told": 1, "new": 1} and status(shipment) == "in_transit"
    assert post(body).json() == {"told": 1, "new": 0}
    assert post(b"nothing").json()["code"] == "bad_tracking"
    assert post(b" " * (1024 * 1024 + 1)).status_code == 400
    Carrier.objects.update(secret="")
    assert post(body, "").status_code == 401


def codes(user: Any) -> set[str]:
    return {p.kind.code for p in problems(user)} & {p.code for p in PROBLEMS}


@pytest.mark.parametrize("case", ["late", "failed", "stuck", "trouble", "only_told", "unanswered", "refused"])
def test_what_goes_wrong_is_a_problem(world: World, carrier: Carrier, case: str) -> None:
    assert codes(world.warehouse) == set()
    if case in ("unanswered", "refused"):
        world.customer.addresses.update(street="Silent street" if case == "unanswered" else "Refused road")
        _order, _shipment, made = given(world)
        for _n in range(3):
            carry_out(made.pk, by=world.system)
        assert codes(world.warehouse) == {f"consignment.{case}"}
        return
    _order, shipment = booked(world) if case == "only_told" else left(world)
    if case in ("stuck", "trouble", "only_told"):
        events = told(shipment, "trouble" if case == "trouble" else "moving")
        if case == "stuck":
            events = [replace(events[0], at=events[0].at - timedelta(days=3))]
        take_tracking(carrier, events, by=world.system)
    if case == "late":
        Shipment.objects.update(delivery_date=shipment.delivery_date - timedelta(days=30))
    if case == "failed":
        delivery_failed(shipment.pk, "nobody there", by=world.warehouse)
    if case == "stuck":
        Carrier.objects.update(silent_days=0)
    assert codes(world.warehouse) == {f"parcel.{case}"}
    assert codes(world.sales) == set() or case != "only_told"
