"""A shipment is given to a carrier: asked, booked, refused, unanswered, given up. What it tells is kept once and followed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from inventory.models import LocationStaff, Product
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.carriers.adapters import SIMULATED, Said, Told, events_of
from orders.carriers.invariants import INVARIANTS
from orders.carriers.selectors import forsaken, kept_words, load_of, shop, to_carry_out
from orders.carriers.services import (
    RateRow,
    ask_carrier,
    carry_out,
    follow,
    give_up,
    settle,
    take_tracking,
    write_rates,
)
from orders.carriers.services.tracking import keep_tracking
from orders.carriers.tasks import ask, speak
from orders.fulfilment.services import assume_delivered, cancel_shipment, lost, ship
from orders.models import (
    Arrival,
    Carrier,
    CarrierRule,
    CarrierService,
    CarrierSurcharge,
    Consignment,
    Order,
    RateSheet,
    Shipment,
    TrackingEvent,
)
from tests.orders.fulfilment.test_facts import released
from tests.world import World

LONG_AGO = date(1990, 1, 1)


@pytest.fixture
def carrier(world: World) -> Carrier:
    """Post, every day: Slow at 5.00 in 9 days, Road at 9.80 in 1, Noon at 24.90 in 1; A weighs 300 g and fills 1 l."""
    made = Carrier.objects.create(code="post", name="Post", connection="simulated", secret="s3cret")
    Product.objects.filter(sku="A").update(weight_g=300, volume_cm3=1_000)
    rows = []
    for code, price, days in (("SLOW", "5.00", 9), ("ROAD", "9.80", 1), ("NOON", "24.90", 1)):
        service = CarrierService.objects.create(carrier=made, code=code, name=code.title())
        rows.append(RateRow(service.pk, LONG_AGO, "FR", 20_000, Decimal(price), days))
    assert write_rates(rows, by=world.manager) == 3
    return made


def named(world: World, code: str) -> CarrierService:
    return CarrierService.objects.get(code=code)


def given(world: World, **more: Any) -> tuple[Order, Shipment, Consignment]:
    made, shipment = released(world, 30)
    return made, shipment, ask_carrier(shipment.pk, by=world.warehouse, **more)


def booked(world: World) -> tuple[Order, Shipment]:
    made, shipment, consignment = given(world)
    assert carry_out(consignment.pk, by=world.system) == "booked"
    return made, Shipment.objects.get(pk=shipment.pk)


def holds() -> None:
    connection.check_constraints()
    for invariant in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(invariant.sql)
            assert cursor.fetchall() == []


# Shopping


def test_the_cheapest_in_time_is_taken_and_the_rule_of_the_place_may_say_otherwise(world: World, carrier: Carrier) -> None:
    _order, shipment = released(world, 30)
    load = load_of(shipment)
    assert (load.weight_g, load.volume_cm3) == (9_000, 30_000)
    found = shop(shipment, load, shipment.planned_date)
    assert [o.service.code for o in found.offers] == ["ROAD", "NOON", "SLOW"] and "asks least of those that arrive by" in found.why
    assert [o.in_time for o in found.offers] == [True, True, False]
    CarrierRule.objects.create(position=1, location_id=world.turin, aim="fastest")
    CarrierRule.objects.create(position=2, up_to_criticality=1, aim="fastest")
    assert shop(shipment, load, shipment.planned_date).aim == "in_time"
    CarrierRule.objects.create(position=3, location_id=world.lyon, aim="cheapest")
    assert shop(shipment, load, shipment.planned_date).best.service.code == "SLOW"
    Order.objects.update(criticality=1)
    shipment = Shipment.objects.select_related("order__ship_to", "location").get(pk=shipment.pk)
    assert shop(shipment, load, shipment.planned_date).aim == "fastest"


def test_the_latest_sheet_that_holds_counts_and_who_refuses_says_why(world: World, carrier: Carrier) -> None:
    _order, shipment = released(world, 30)
    road = named(world, "ROAD")
    on = shipment.planned_date
    write_rates([RateRow(road.pk, on, "FR", 20_000, Decimal("30.00"), 1), RateRow(road.pk, on + timedelta(days=1), "FR", 20_000, Decimal(1), 1)], by=world.manager)
    sheet = RateSheet.objects.get(service=road, valid_from=on)
    CarrierSurcharge.objects.create(sheet=sheet, name="Fuel", share=Decimal("0.1"))
    CarrierSurcharge.objects.create(sheet=sheet, name="Island", transit_zone="IT", amount=9)
    assert shop(shipment, load_of(shipment), on).best.service.code == "NOON"
    assert next(o for o in shop(shipment, load_of(shipment), on).offers if o.service == road).price.total == Decimal("33.00")
    CarrierService.objects.filter(code="NOON").update(max_parcel_g=5_000)
    CarrierService.objects.filter(code="SLOW").update(divisor=1_000)
    said = {o.service.code: o.refused for o in shop(shipment, load_of(shipment), on).offers}
    assert "at most 5 kg" in said["NOON"] and "above its last price" in said["SLOW"] and not said["ROAD"]
    assert next(o for o in shop(shipment, load_of(shipment, 2), on).offers if o.service.code == "NOON").price is not None
    Carrier.objects.update(active=False)
    assert shop(shipment, load_of(shipment), on).offers == () and shop(shipment, load_of(shipment), on).best is None


def test_it_takes_the_same_statements_for_one_service_and_many(world: World, carrier: Carrier, django_assert_num_queries: Any) -> None:
    _order, shipment = released(world, 30)
    shop(shipment, load_of(shipment), shipment.planned_date)
    with django_assert_num_queries(8) as seen:
        shop(shipment, load_of(shipment), shipment.planned_date)
    rows = [RateRow(CarrierService.objects.create(carrier=carrier, code=f"S{n}", name="x").pk, LONG_AGO, "FR", 20_000, Decimal(n + 1), 1) for n in range(30)]
    write_rates(rows, by=world.manager)
    with django_assert_num_queries(len(seen.captured_queries)):
        shop(shipment, load_of(shipment), shipment.planned_date)


# Booking


def test_it_is_asked_then_booked_and_the_shipment_leaves_under_its_number(world: World, carrier: Carrier) -> None:
    made, shipment, consignment = given(world)
    assert (consignment.state, consignment.price, consignment.parts) == ("asked", Decimal("9.80"), [["", "9.80"]])
    assert to_carry_out(datetime.now(UTC)) == [consignment.pk]
    assert carry_out(consignment.pk, by=world.system) == "booked"
    assert carry_out(consignment.pk, by=world.system) == "booked"  # told twice
    shipment = Shipment.objects.get(pk=shipment.pk)
    assert shipment.tracking_number.startswith("SM") and shipment.carrier == "Post Road"
    holds()
    ship(shipment.pk, by=world.warehouse)
    assert Shipment.objects.get(pk=shipment.pk).tracking_number == shipment.tracking_number
    assert [k.parcels for k in kept_words(world.manager, date.today())] == [1]
    assert refused(Conflict, lambda: give_up(consignment.pk, by=world.warehouse)).code == "shipment_gone"
    holds()


def refused(error: type[Exception], what: Callable[[], Any]) -> Any:
    """The refusal; consignments and shipments are as before."""
    before = list(Consignment.objects.order_by("pk").values()), list(Shipment.objects.order_by("pk").values())
    with pytest.raises(error) as found:
        what()
    assert (list(Consignment.objects.order_by("pk").values()), list(Shipment.objects.order_by("pk").values())) == before
    return found.value


def test_what_is_refused(world: World, carrier: Carrier) -> None:
    _order, shipment = released(world, 30)
    ask = lambda **more: ask_carrier(shipment.pk, by=world.warehouse, **more)  # noqa: E731
    refused(Forbidden, lambda: ask_carrier(shipment.pk, by=world.sales))
    LocationStaff.objects.filter(location_id=world.lyon).delete()
    assert refused(Forbidden, ask).code == "other_location"
    LocationStaff.objects.create(user=world.warehouse, location_id=world.lyon)
    assert refused(Invalid, lambda: ask(parcels=0)).code == "bad_parcels"
    assert refused(Invalid, lambda: ask(weight_g=0)).code == "bad_parcels"
    assert refused(Conflict, lambda: ask(weight_g=20_001)).code == "no_service"
    assert refused(Conflict, lambda: ask(service_id=0)).code == "no_service"
    Carrier.objects.update(connection="none")
    assert refused(Conflict, ask).code == "not_connected"
    Carrier.objects.update(connection="simulated")
    ask()
    assert refused(Conflict, ask).code == "already_given"
    ship(shipment.pk, by=world.warehouse)
    assert refused(Conflict, ask).code == "shipment_gone"


def test_the_database_lets_a_shipment_be_given_once(world: World, carrier: Carrier) -> None:
    _order, _shipment, consignment = given(world)
    row = Consignment.objects.get(pk=consignment.pk)
    row.pk, row.number = None, "CO2"
    with pytest.raises(IntegrityError), transaction.atomic():
        row.save(force_insert=True)


def test_a_choice_by_hand_says_what_the_rule_takes(world: World, carrier: Carrier) -> None:
    _order, _shipment, consignment = given(world, service_id=named(world, "NOON").pk, parcels=2, weight_g=11_000)
    assert (consignment.weight_g, consignment.parcels, consignment.why) == (11_000, 2, "Chosen by hand; the rule takes Post Road.")


@pytest.mark.parametrize(("street", "state", "reason"), [("Refused road", "refused", "address not served"), ("Silent street", "asked", "timeout")])
def test_a_carrier_that_refuses_or_does_not_answer(world: World, carrier: Carrier, street: str, state: str, reason: str) -> None:
    world.customer.addresses.update(street=street)
    _order, shipment, consignment = given(world)
    assert carry_out(consignment.pk, by=world.system) == state
    found = Consignment.objects.get(pk=consignment.pk)
    assert found.reason == reason and Shipment.objects.get(pk=shipment.pk).tracking_number == ""
    if state == "asked":
        assert found.attempts == 1 and found.next_at > found.asked_at and to_carry_out(datetime.now(UTC)) == []
        give_up(consignment.pk, by=world.warehouse)
        assert carry_out(consignment.pk, by=world.system) == "voided"
    ask_carrier(shipment.pk, by=world.warehouse)
    holds()


def test_an_answer_to_something_else_changes_nothing(world: World, carrier: Carrier) -> None:
    _order, shipment, consignment = given(world)
    give_up(consignment.pk, by=world.warehouse)
    assert settle(consignment.pk, "asked", Said(refused="no"), by=world.system) == "voiding"
    assert Shipment.objects.get(pk=shipment.pk).tracking_number == "" and Consignment.objects.get().reason == ""


def test_a_booking_that_was_given_up_before_its_answer_came_is_given_up_under_its_number(world: World, carrier: Carrier) -> None:
    _order, shipment, consignment = given(world)
    give_up(consignment.pk, by=world.warehouse)
    assert carry_out(consignment.pk, by=world.system) == "voided"
    assert settle(consignment.pk, "asked", Said("SM1"), by=world.system) == "voiding"
    assert Consignment.objects.get().tracking_number == "SM1" and Shipment.objects.get(pk=shipment.pk).tracking_number == ""
    assert carry_out(consignment.pk, by=world.system) == "voided"
    assert settle(consignment.pk, "asked", Said("SM1"), by=world.system) == "voided"


def test_an_answer_after_the_shipment_left_gives_it_its_number(world: World, carrier: Carrier) -> None:
    _order, shipment, consignment = given(world)
    ship(shipment.pk, by=world.warehouse)
    assert carry_out(consignment.pk, by=world.system) == "booked"
    assert Shipment.objects.get(pk=shipment.pk).tracking_number == Consignment.objects.get().tracking_number
    holds()


def test_what_was_given_for_a_shipment_that_is_taken_back_is_given_up(world: World, carrier: Carrier) -> None:
    _order, shipment = booked(world)
    assert forsaken() == []
    cancel_shipment(shipment.pk, "closed", by=world.warehouse)
    (found,) = forsaken()
    give_up(found, by=world.system)
    assert carry_out(found, by=world.system) == "voided" and forsaken() == []
    holds()


# Tracking


def at(day: date, hour: int = 12) -> datetime:
    return datetime.combine(day, time(hour), UTC)


def told(shipment: Shipment, *kinds: str, first: int = 0) -> list[Told]:
    """Events one hour after the other, from the day it left."""
    begin = at(date.today()) + timedelta(days=1)
    return [Told(f"e{first + n}", shipment.tracking_number, kind, begin + timedelta(hours=first + n), "Lyon", kind) for n, kind in enumerate(kinds)]


def left(world: World) -> tuple[Order, Shipment]:
    made, shipment = booked(world)
    ship(shipment.pk, by=world.warehouse)
    return made, Shipment.objects.get(pk=shipment.pk)


def status(shipment: Shipment) -> str:
    return str(Shipment.objects.values_list("status", flat=True).get(pk=shipment.pk))


def test_told_it_goes_fails_goes_again_and_arrives(world: World, carrier: Carrier) -> None:
    made, shipment = left(world)
    seen = []
    for n, kind in enumerate(["accepted", "moving", "failed", "out", "delivered", "moving"]):
        assert take_tracking(carrier, told(shipment, kind, first=n), by=world.system) == 1
        seen.append(status(shipment))
    assert seen == ["in_transit", "in_transit", "failed", "in_transit", "delivered", "delivered"]
    found = Shipment.objects.get(pk=shipment.pk)
    assert (found.delivered_date, found.delivery_proof) == (date.today() + timedelta(days=1), "carrier")
    assert made.lines.get().quantity_delivered == 30
    holds()


def test_in_whatever_order_and_how_often_it_is_told_it_ends_the_same(world: World, carrier: Carrier) -> None:
    _order, shipment = left(world)
    ends = set()
    for order in permutations(range(4)):
        events = told(shipment, "accepted", "failed", "out", "delivered")
        with transaction.atomic():
            for n in (*order, *order):
                take_tracking(carrier, [events[n]], by=world.system)
            found = Shipment.objects.get(pk=shipment.pk)
            ends.add((found.status, found.delivered_date, found.delivery_proof, TrackingEvent.objects.count()))
            transaction.set_rollback(True)
    assert ends == {("delivered", date.today() + timedelta(days=1), "carrier", 4)}


def test_what_was_kept_and_not_followed_is_followed_by_the_worker(world: World, carrier: Carrier) -> None:
    class Running:
        by = world.system

    _order, shipment = left(world)
    keep_tracking(carrier.pk, told(shipment, "delivered"), by=world.system)
    assert status(shipment) == "shipped"
    ask(Running())
    assert status(shipment) == "delivered"


def test_polled_it_is_kept_once(world: World, carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> None:
    class Running:
        by = world.system

    _order, shipment = left(world)
    monkeypatch.setattr(SIMULATED, "told", told(shipment, "moving"))
    assert [ask(Running())["new"] for _n in range(2)] == [1, 0] and status(shipment) == "in_transit"


def test_in_trouble_it_is_on_its_way_all_the_same(world: World, carrier: Carrier) -> None:
    _order, shipment = left(world)
    take_tracking(carrier, told(shipment, "trouble"), by=world.system)
    assert status(shipment) == "shipped"
    take_tracking(carrier, [*told(shipment, "accepted", first=-1), *told(shipment, "trouble", first=2)], by=world.system)
    assert status(shipment) == "in_transit"


def test_what_is_told_before_it_left_counts_when_it_does(world: World, carrier: Carrier) -> None:
    _order, shipment = booked(world)
    take_tracking(carrier, told(shipment, "accepted"), by=world.system)
    assert status(shipment) == "released"
    ship(shipment.pk, by=world.warehouse)
    drain_all()
    assert status(shipment) == "in_transit"


def test_a_number_nobody_knows_is_kept_until_a_shipment_has_it(world: World, carrier: Carrier) -> None:
    _order, shipment = released(world, 30)
    assert take_tracking(carrier, [Told("e1", "X1", "delivered", at(date.today(), 23))], by=world.system) == 1
    assert TrackingEvent.objects.get().shipment_id is None
    ship(shipment.pk, by=world.warehouse, tracking_number="X1")
    assert follow(shipment.pk, by=world.system) == "delivered"


def test_a_lost_parcel_that_is_found_arrives(world: World, carrier: Carrier) -> None:
    made, shipment = left(world)
    take_tracking(carrier, told(shipment, "moving", "lost"), by=world.system)
    assert status(shipment) == "lost" and made.lines.get().quantity_undelivered == 30
    take_tracking(carrier, told(shipment, "delivered", first=5), by=world.system)
    line = made.lines.get()
    assert (status(shipment), line.quantity_delivered, line.quantity_undelivered) == ("delivered", 30, 0)
    assert sorted(Arrival.objects.values_list("kind", "quantity")) == [("delivered", 30), ("undelivered", -30), ("undelivered", 30)]
    holds()


def test_an_assumed_delivery_is_corrected_by_the_carriers_word(world: World, carrier: Carrier) -> None:
    _order, shipment = left(world)
    assume_delivered(shipment.pk, by=world.system)
    take_tracking(carrier, told(shipment, "delivered"), by=world.system)
    assert Shipment.objects.values_list("delivery_proof", flat=True).get(pk=shipment.pk) == "carrier"
    holds()


def test_lost_by_hand_stays_lost_whatever_else_is_told(world: World, carrier: Carrier) -> None:
    _order, shipment = left(world)
    lost(shipment.pk, "burnt", by=world.warehouse)
    take_tracking(carrier, told(shipment, "accepted", "failed", "trouble", "out"), by=world.system)
    assert status(shipment) == "lost"


def test_the_worker_speaks_for_all(world: World, carrier: Carrier) -> None:
    class Running:
        by = world.system

        def progress(self, done: int, total: int) -> None:
            assert done <= total

    _order, shipment, _consignment = given(world)
    assert speak(Running()) == {"consignments": 1}
    assert Consignment.objects.get().state == "booked"
    cancel_shipment(shipment.pk, "closed", by=world.warehouse)
    assert speak(Running()) == {"consignments": 1}
    assert Consignment.objects.get().state == "voided"


@pytest.mark.parametrize("body", [
    b"", b"{}", b"[1]", b"[" * 100_000, b'[{"id":"1"}]', b"\xff", json.dumps([{"id": "1", "tracking_number": "X", "kind": "moving", "at": "2026-13-01"}]).encode(),
    json.dumps([{"id": "1", "tracking_number": "X", "kind": "moving", "at": "2026-03-01T10:00:00"}]).encode(), json.dumps([{}] * 1_001).encode(),
    json.dumps([{"id": "1\x00", "tracking_number": "X", "kind": "moving", "at": "2026-03-01T10:00:00Z"}]).encode(),
    json.dumps([{"id": "x" * 121, "tracking_number": "X", "kind": "moving", "at": "2026-03-01T10:00:00Z"}]).encode(),
])  # fmt: skip
def test_broken_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(Invalid) as found:
        events_of(body)
    assert found.value.code == "bad_tracking"


def test_an_unknown_word_is_trouble_with_the_word() -> None:
    (found,) = events_of(json.dumps([{"id": "1", "tracking_number": "X", "kind": "customs", "at": "2026-03-01T10:00:00+01:00", "text": "papers"}]).encode())
    assert (found.kind, found.text) == ("trouble", "customs: papers")
