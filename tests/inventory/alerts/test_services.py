"""Alerts are raised once and cleared once, say the right figures, and a proposed transfer is taken up only while it stands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from inventory.alerts.models import StockAlert
from inventory.alerts.selectors import alerts, levels_said, proposals
from inventory.alerts.services import refresh_alerts, set_levels, take_proposals
from inventory.models import Product
from inventory.stock.services import Change, Opening, Received, adjust, expect_receipt, receive, set_opening
from oms.events.models import Event
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.fulfilment.services import ship
from tests.inventory.conftest import Warehouse
from tests.orders.fulfilment.test_facts import released
from tests.world import World

TODAY = timezone.localdate
Standing = set[tuple[int, int, str, int, int]]


def stands() -> Standing:
    rows = StockAlert.objects.filter(cleared_at__isnull=True)
    return {(a.product_id, a.location_id, a.kind, a.units, a.level) for a in rows}


def lay(house: Warehouse, **units: int) -> None:
    """So many bolts in north and south."""
    set_opening([Opening(house.bolt, getattr(house, place), "", "", None, n) for place, n in units.items()], by=house.system)


def lost(house: Warehouse, units: int) -> None:
    """So many bolts are not there any more in north."""
    adjust(house.north, [Change(house.bolt, "", "", -units)], "loss", by=house.wanda)


def test_below_safety_is_raised_once_and_cleared_by_what_comes_in(house: Warehouse) -> None:
    lay(house, north=10)
    set_levels(house.bolt, 0, {house.north: 9}, by=house.manager)
    assert refresh_alerts(by=house.system) == (0, 0)
    lost(house, 4)
    assert refresh_alerts(by=house.system) == (1, 0)
    assert stands() == {(house.bolt, house.north, "safety", 3, 9)}
    lost(house, 1)
    assert refresh_alerts(by=house.system) == (0, 0)
    assert stands() == {(house.bolt, house.north, "safety", 4, 9)}
    receive(house.north, [Received(house.bolt, 4)], source="r1", by=house.wanda)
    assert refresh_alerts(by=house.system) == (0, 1)
    assert stands() == set()
    raised, cleared = Event.objects.filter(name__startswith="stock.alerts_").order_by("pk")
    assert raised.data == {"alerts": [[house.bolt, house.north, "safety", 3]]}
    assert (cleared.name, cleared.data) == ("stock.alerts_cleared", {"alerts": [[house.bolt, house.north, "safety", 4]]})


def test_reorder_counts_what_is_coming(house: Warehouse) -> None:
    lay(house, north=30)
    set_levels(house.bolt, 40, {}, by=house.manager)
    refresh_alerts(by=house.system)
    assert stands() == {(house.bolt, house.north, "reorder", 10, 40)}
    expect_receipt(house.bolt, house.north, "PO1", TODAY() + timedelta(days=9), 20, by=house.wanda)
    assert refresh_alerts(by=house.system) == (0, 1)


def test_what_goes_fast_runs_out_before_more_comes_and_the_day_is_said(db: Any) -> None:
    world = World.make()
    a, today = world.products["A"].pk, TODAY()
    _order, shipment = released(world, 30)
    ship(shipment.pk, by=world.warehouse)
    adjust(world.lyon, [Change(a, "", "", -65)], "loss", by=world.warehouse)
    refresh_alerts(by=world.system)
    assert (a, world.lyon, "runs_out", 5, 30) in stands()
    assert StockAlert.objects.get(product=a, location=world.lyon, kind="runs_out").day == today + timedelta(days=15)
    expect_receipt(a, world.lyon, "PO1", today + timedelta(days=9), 90, by=world.warehouse)
    refresh_alerts(by=world.system)
    assert (a, world.lyon, "runs_out", 5, 30) not in stands()


def test_lots_that_expire_and_what_lies_still(house: Warehouse) -> None:
    soon, later = TODAY() + timedelta(days=20), TODAY() + timedelta(days=90)
    rows = [Opening(house.milk, house.north, "", lot, day, units) for lot, day, units in (("a", soon, 4), ("b", later, 6))]
    set_opening(rows, by=house.system)
    refresh_alerts(by=house.system)
    assert stands() == {(house.milk, house.north, "expiring", 4, 10)}
    assert StockAlert.objects.get().day == soon


def test_of_what_lay_there_half_a_year_nothing_left(house: Warehouse) -> None:
    set_opening([Opening(house.nut, house.south, "", "", None, 7)], by=house.system, at=datetime.now(UTC) - timedelta(days=200))
    refresh_alerts(by=house.system)
    assert stands() == {(house.nut, house.south, "dormant", 7, 0)}


def test_an_alert_stands_once_and_is_cleared_by_an_event(house: Warehouse) -> None:
    lay(house, north=1)
    set_levels(house.bolt, 5, {}, by=house.manager)
    refresh_alerts(by=house.system)
    alert = StockAlert.objects.get()
    for wrong in (
        lambda: StockAlert.objects.create(product_id=alert.product_id, location_id=alert.location_id, kind=alert.kind, units=1, level=1,
                                          raised_at=alert.raised_at, raised_id=alert.raised_id),
        lambda: StockAlert.objects.filter(pk=alert.pk).update(cleared_at=alert.raised_at),
    ):  # fmt: skip
        with pytest.raises(IntegrityError), transaction.atomic():
            wrong()


def test_levels_are_set_by_a_manager_and_say_who_and_when(house: Warehouse) -> None:
    lay(house, north=10)
    with pytest.raises(Forbidden):
        set_levels(house.bolt, 5, {house.north: 2}, by=house.wanda)
    set_levels(house.bolt, 5, {house.north: 2}, by=house.manager)
    said = levels_said(Product.objects.get(pk=house.bolt))
    assert {(row.by, row.units) for row in said} == {(house.manager, 5), (house.manager, 2)}
    with pytest.raises(Conflict) as error:
        set_levels(house.bolt, 9, {house.north: 11}, by=house.manager)
    assert error.value.code == "short"
    assert Product.objects.get(pk=house.bolt).reorder_level == 5


def test_what_another_location_can_spare_is_proposed_and_taken_up(house: Warehouse) -> None:
    lay(house, north=30, south=100)
    set_levels(house.bolt, 0, {house.north: 30}, by=house.manager)
    assert proposals(house.manager, TODAY()) == []
    lost(house, 28)
    (found,) = proposals(house.manager, TODAY())
    assert (found.product.pk, found.source.pk, found.target.pk, found.units, found.left) == (house.bolt, house.south, house.north, 28, 72)
    assert [p.key for p in proposals(house.wanda, TODAY())] == [found.key]
    with pytest.raises(Invalid):
        take_proposals([], by=house.manager)
    (made,) = take_proposals([found.key], by=house.manager)
    assert (made.source_id, made.target_id, made.lines.get().quantity_requested) == (house.south, house.north, 28)
    with pytest.raises(Conflict) as error:
        take_proposals([found.key], by=house.manager)
    assert error.value.code == "proposal_gone"


def test_warehouse_staff_see_alerts_of_their_locations_only(house: Warehouse) -> None:
    lay(house, north=1, south=1)
    set_levels(house.bolt, 5, {}, by=house.manager)
    refresh_alerts(by=house.system)
    assert {a.location_id for a in alerts(house.wanda)} == {house.north}
    assert {a.location_id for a in alerts(house.manager)} == {house.north, house.south}
    with pytest.raises(Forbidden):
        refresh_alerts(by=house.manager)
