"""Waves: what a location ships next is released together, once a time of its timetable; goods of a cart that is given up go back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from inventory.models import Balance, StorageLocation
from oms.kernel.errors import Conflict, Forbidden, NotFound
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.selectors import to_pick_of_wave, to_put_back, visible_waves, wave_work
from orders.fulfilment.services import cancel_shipment, fill_wave, open_wave, pick, put_back, waves_due
from orders.fulfilment.tasks import waves
from orders.holds.services import place_hold
from orders.models import Order, PutBack, Shipment, Wave, WaveTime
from tests.orders.fulfilment.test_facts import released
from tests.world import World

DUE = datetime(2026, 6, 10, 9, 0, tzinfo=UTC)  # a Wednesday


def ordered(w: World, quantity: int, sku: str = "A") -> Order:
    return Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest(sku, Decimal(quantity)),), "web"), by=w.sales).number)


def quiet(done: int, total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def client_of(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_a_wave_takes_what_is_due_at_its_location_and_leaves_what_is_held(world: World) -> None:
    first, second, held = ordered(world, 5), ordered(world, 7), ordered(world, 3)
    place_hold(held.pk, "wait for the driver", by=world.manager)
    (work, *_others) = [w for w in wave_work(world.warehouse, datetime.now(UTC)) if w.location.pk == world.lyon]
    assert (work.orders, work.units, work.filling) == (3, 15, None)
    wave = open_wave(world.lyon, by=world.warehouse)
    with pytest.raises(Conflict, match="being filled"):
        open_wave(world.lyon, by=world.warehouse)
    assert fill_wave(wave.pk, quiet, by=world.warehouse) == 2
    assert fill_wave(wave.pk, quiet, by=world.warehouse) == 0  # done
    wave.refresh_from_db()
    assert (wave.shipments_made, wave.filled_at is not None) == (2, True)
    assert set(wave.shipments.values_list("order_id", flat=True)) == {first.pk, second.pk}
    (take,) = to_pick_of_wave(wave)
    assert (take.sku, take.quantity, sorted(n for _s, n in take.parts)) == ("A", 12, [5, 7])


def test_a_fill_that_was_killed_goes_on_with_what_is_left(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orders.fulfilment.services.waves.MAX_ORDERS", 1)
    for n in (1, 2, 3):
        ordered(world, n)
    wave = open_wave(world.lyon, by=world.manager)

    def killed(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_wave(wave.pk, killed, by=world.manager)
    assert wave.shipments.count() == 1 and Wave.objects.get().filled_at is None
    assert fill_wave(wave.pk, quiet, by=world.manager) == 2
    assert Wave.objects.get().shipments_made == 3


def test_only_who_works_there_opens_a_wave(world: World) -> None:
    elsewhere = StorageLocation.objects.exclude(pk=world.lyon).first()
    assert elsewhere is not None
    world.warehouse.locations.filter(location=elsewhere).delete()
    with pytest.raises(Forbidden):
        open_wave(elsewhere.pk, by=world.warehouse)
    with pytest.raises(Forbidden):
        open_wave(world.lyon, by=world.sales)
    with pytest.raises(NotFound):
        open_wave(10**9, by=world.manager)
    with pytest.raises(NotFound):
        open_wave(10**9, by=world.warehouse)
    assert [w.location.pk for w in wave_work(world.warehouse, DUE)] == [world.lyon]


def test_each_time_of_the_timetable_has_one_wave_a_working_day(world: World) -> None:
    here = StorageLocation.objects.get(pk=world.lyon)
    zone_noon = datetime.combine(date.today(), time(12), tzinfo=UTC)
    while zone_noon.weekday() > 4:
        zone_noon += timedelta(days=1)
    for hour in (6, 7, 23):
        WaveTime.objects.create(location=here, at=time(hour))
    assert waves_due(zone_noon) == [(world.lyon, time(7))]  # of those that passed the latest
    assert waves_due(zone_noon + timedelta(days=(5 - zone_noon.weekday()))) == []  # a Saturday
    wave = open_wave(world.lyon, by=world.system, due_at=time(7), at=zone_noon)
    assert wave.day == zone_noon.date() and waves_due(zone_noon) == []
    fill_wave(wave.pk, quiet, by=world.system)
    with pytest.raises(IntegrityError, match="wave_once"), transaction.atomic():
        Wave.objects.create(number="W-X", location=here, day=wave.day, due_at=wave.due_at, at=wave.at, event_id=wave.event_id)
    WaveTime.objects.filter(at=time(23)).update(active=False)
    assert [t for _l, t in waves_due(zone_noon + timedelta(hours=11, minutes=30))] == []


def test_the_schedule_opens_what_is_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    class Running:
        by = world.system

    monkeypatch.setattr("orders.fulfilment.tasks.waves_due", lambda now: [(world.lyon, time(7))])
    assert waves(Running()) == {"opened": 1}  # type: ignore[arg-type]
    assert waves(Running()) == {"opened": 0}  # type: ignore[arg-type]  # it is still being filled


def test_pages_release_show_and_print_a_wave(world: World) -> None:
    ordered(world, 5)
    client = client_of(world.warehouse)
    page = client.get(reverse("orders:waves")).content.decode()
    assert "Release a wave" in page
    code = StorageLocation.objects.get(pk=world.lyon).code
    answer = client.post(reverse("orders:wave-release", args=[code]))
    wave = Wave.objects.get()
    assert answer.status_code == 302 and answer["Location"].endswith(reverse("orders:wave-detail", args=[wave.number]))
    fill_wave(wave.pk, quiet, by=world.warehouse)
    shown = client.get(reverse("orders:wave-detail", args=[wave.number])).content.decode()
    assert Shipment.objects.get().number in shown and "Picking list" in shown
    assert client.get(reverse("orders:wave-list-pdf", args=[wave.number])).content.startswith(b"%PDF")
    assert client.get(reverse("orders:wave-detail", args=["W-NONE"])).status_code == 404
    assert visible_waves(world.warehouse).get().total == 1


def given_up(world: World, picked: int = 20) -> PutBack:
    """A shipment of 30 of which some were in the cart is cancelled."""
    _order, shipment = released(world, 30)
    pick(shipment.pk, "A", picked, by=world.warehouse)
    cancel_shipment(shipment.pk, "customer does not answer", by=world.warehouse)
    return PutBack.objects.get()


def blocked(world: World) -> int:
    return int(Balance.objects.get(product=world.products["A"], location_id=world.lyon).blocked)


def test_goods_in_the_cart_wait_until_they_lie_in_their_bin_again(world: World) -> None:
    row = given_up(world)
    assert (row.quantity, row.open, blocked(world)) == (20, 20, 20) and list(to_put_back(world.warehouse)) == [row]
    with pytest.raises(Forbidden):
        put_back(row.pk, 5, by=world.sales)
    with pytest.raises(Conflict, match="20 units"):
        put_back(row.pk, 21, by=world.warehouse)
    put_back(row.pk, 15, by=world.warehouse)
    assert blocked(world) == 5
    put_back(row.pk, 5, by=world.warehouse, no_good=True)
    assert blocked(world) == 5 and not to_put_back(world.warehouse).exists()
    with pytest.raises(Conflict):
        put_back(row.pk, 1, by=world.warehouse)
    connection.check_constraints()


def test_the_list_is_worked_off_on_its_page(world: World) -> None:
    row = given_up(world)
    client = client_of(world.warehouse)
    assert "20" in client.get(reverse("orders:put-backs")).content.decode()
    assert client.post(reverse("orders:put-back", args=[row.pk]), {"quantity": "many"}).status_code == 400
    client.post(reverse("orders:put-back", args=[row.pk]), {"quantity": "18"})
    client.post(reverse("orders:put-back", args=[row.pk]), {"quantity": "2", "no_good": "1"})
    row.refresh_from_db()
    assert (row.done, row.kept) == (18, 2)
    assert "Nothing to put back" in client.get(reverse("orders:put-backs")).content.decode()
