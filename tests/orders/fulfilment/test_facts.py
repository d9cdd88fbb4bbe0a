"""Facts are never refused: what is covered posts to its line, the excess to a discrepancy; what orders hold is released by rank."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from inventory.models import Availability, Balance, Movement
from inventory.stock.services import Change, Counted, Opening, adjust, count, set_opening
from oms.access.services import create_user
from oms.changes.services import confirm
from oms.events.tasks import drain_all
from oms.events.verification import verify
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.approval.services import Decision, decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import cancel, submit
from orders.fulfilment.services import (
    Adjusted,
    Gone,
    HasShipped,
    LotBlocked,
    WasCounted,
    clear_by_approval,
    clear_by_return,
    pick,
    post_fact,
    propose_write_off,
    release,
)
from orders.models import Allocation, Discrepancy, DiscrepancyClearing, Order, ScheduleLine, Shipment
from payments.models import Invoice
from tests.world import World


def order(world: World, quantity: int, sku: str = "A", **more: Any) -> Order:
    """An order entered by sales."""
    request = EntryRequest("ACME", (LineRequest(sku, Decimal(quantity)),), "web", **more)
    return Order.objects.get(number=submit(request, by=world.sales).number)


def released(world: World, quantity: int, **more: Any) -> tuple[Order, Shipment]:
    made = order(world, quantity, **more)
    (shipment,) = release([made.pk], by=world.manager, early=True)
    return made, Shipment.objects.get(pk=shipment)


def stock(world: World) -> tuple[int, int, int]:
    """(on hand, allocated, blocked) of A in LYON."""
    return Balance.objects.values_list("on_hand", "allocated", "blocked").get(product=world.products["A"], location_id=world.lyon)


def cell(world: World) -> tuple[int, int]:
    """(free, shortfall) of A in LYON."""
    c = Availability.objects.get(product=world.products["A"], location_id=world.lyon)
    return min(c.free), c.shortfall


def gone(world: World, quantity: int, shipment: str = "", order: str = "", source: str | None = None, at: Any = None) -> Any:
    """The warehouse says that so many A left LYON."""
    fact = HasShipped(world.lyon, [Gone(world.products["A"].pk, quantity)], shipment, order)
    return post_fact(fact, by=world.warehouse, source=source, at=at)


def lost(world: World, units: int) -> Any:
    """Units are missing in LYON."""
    return post_fact(Adjusted(world.lyon, [Change(world.products["A"].pk, "", "", -units)], "loss"), by=world.warehouse)


def holds() -> None:
    connection.check_constraints()


# What is not there any more


def test_stock_alone_refuses_what_orders_hold_and_the_fact_releases_it(world: World) -> None:
    made, shipment = released(world, 30)
    with pytest.raises(Conflict) as below:
        adjust(world.lyon, [Change(world.products["A"].pk, "", "", -80)], "loss", by=world.warehouse)
    assert below.value.code == "below_allocated" and stock(world) == (100, 30, 0)
    done = lost(world, 80)
    assert done.released == {made.pk: 10}
    assert stock(world) == (20, 20, 0)
    line = made.lines.get()
    assert (line.quantity_allocated, line.quantity_approved, line.quantity_shipped) == (20, 30, 0)
    assert shipment.lines.get().quantity == 20
    # Ten are planned anew from where there is stock.
    assert list(ScheduleLine.objects.filter(line=line, version=made.live_plan.version).values_list("location_id", "quantity")) == [(world.turin, 10)]
    holds()


def test_the_lowest_rank_loses_first_and_unpicked_before_picked(world: World) -> None:
    urgent, _s = released(world, 30, criticality=2, requested_date=timezone.localdate() + timedelta(days=3))
    late, _s = released(world, 30, requested_date=timezone.localdate() + timedelta(days=30))
    Allocation.objects.filter(order=late).update(picked=20)
    done = lost(world, 65)
    assert done.released == {late.pk: 25}
    assert Allocation.objects.values_list("released", "picked").get(order=late) == (25, 5)
    assert urgent.lines.get().quantity_allocated == 30 and stock(world) == (35, 35, 0)
    done = lost(world, 15)
    assert done.released == {late.pk: 5, urgent.pk: 10}
    assert Shipment.objects.get(order=late).status == "cancelled"
    assert stock(world) == (20, 20, 0)
    holds()


def test_below_zero_a_found_movement_is_posted_first(world: World) -> None:
    lost(world, 130)
    assert list(Movement.objects.filter(kind__in=["found", "adjust"]).order_by("pk").values_list("kind", "quantity")) == [("found", 30), ("adjust", -130)]
    assert stock(world) == (0, 0, 0)
    holds()


def test_a_count_releases_what_it_did_not_find(world: World) -> None:
    made, _shipment = released(world, 30)
    done = post_fact(WasCounted(world.lyon, [Counted(world.products["A"].pk, "", "", 12)]), by=world.warehouse, source="count/1")
    assert done.released == {made.pk: 18} and stock(world) == (12, 12, 0)
    again = post_fact(WasCounted(world.lyon, [Counted(world.products["A"].pk, "", "", 12)]), by=world.warehouse, source="count/1")
    assert again.known and stock(world) == (12, 12, 0)
    holds()


def test_what_a_fact_of_last_week_takes_is_planned_from_today_on(world: World) -> None:
    """The fact is dated then, the consequences now."""
    made, _shipment = released(world, 30)
    week_ago = timezone.now() - timedelta(days=7)
    done = post_fact(Adjusted(world.lyon, [Change(world.products["A"].pk, "", "", -88)], "loss"), by=world.system, at=week_ago)
    assert stock(world) == (12, 12, 0) and done.released == {made.pk: 18}
    assert Movement.objects.get(kind="adjust").occurred_at == week_ago
    assert Movement.objects.get(kind="deallocate").occurred_at > week_ago
    new = ScheduleLine.objects.filter(order=made, version=made.live_plan.version)
    assert new and all(row.ship_date >= timezone.localdate() for row in new)
    holds()


def test_what_left_before_a_count_and_is_told_after_it_leaves_no_trace_on_the_shelf(world: World) -> None:
    """The count found the thirty gone; the confirmation of their shipment comes late: shipped, and nothing is taken twice."""
    made, shipment = released(world, 30)
    opening = Movement.objects.filter(product=world.products["A"], location_id=world.lyon).latest("pk").occurred_at
    post_fact(WasCounted(world.lyon, [Counted(world.products["A"].pk, "", "", 70)], as_of=opening), by=world.warehouse)
    assert stock(world) == (70, 30, 0) and cell(world) == (40, 0)
    gone(world, 30, shipment.number, at=opening - timedelta(minutes=5))
    assert stock(world) == (70, 0, 0) and cell(world) == (70, 0)
    assert made.lines.get().quantity_shipped == 30
    holds()


def test_a_blocked_lot_takes_its_units_from_orders(world: World) -> None:
    made, _shipment = released(world, 30)
    done = post_fact(LotBlocked(world.lyon, world.products["A"].pk, "", "recall"), by=world.warehouse)
    assert done.released == {made.pk: 30} and stock(world) == (100, 0, 100) and cell(world) == (0, 0)
    assert made.lines.get().quantity_allocated == 0
    holds()


def test_what_was_promised_and_is_gone_is_a_shortfall_and_never_hidden(world: World) -> None:
    order(world, 45)
    order(world, 45)
    lost(world, 100)
    assert stock(world) == (0, 0, 0)
    free, shortfall = cell(world)
    assert (free, shortfall) == (-90, 90)
    holds()


# What left


def test_a_shipment_confirmed_as_it_was_is_shipped(world: World) -> None:
    made, shipment = released(world, 30)
    done = gone(world, 30, shipment.number, source="wms/1")
    assert done.shipments == [shipment.pk] and not done.discrepancies
    assert made.lines.get().quantity_shipped == 30 and stock(world) == (70, 0, 0)
    again = gone(world, 30, shipment.number, source="wms/1")
    assert again.known and stock(world) == (70, 0, 0) and not Discrepancy.objects.exists()
    holds()


def test_goods_that_leave_while_they_are_picked_have_left(world: World) -> None:
    made, shipment = released(world, 30)
    pick(shipment.pk, "A", 12, by=world.warehouse)
    assert gone(world, 30, shipment.number).shipments == [shipment.pk]
    assert made.lines.get().quantity_shipped == 30 and stock(world) == (70, 0, 0)
    holds()


def test_less_leaves_the_rest_in_a_shipment_of_its_own(world: World) -> None:
    made, shipment = released(world, 30)
    gone(world, 12, shipment.number)
    assert made.lines.get().quantity_shipped == 12 and made.lines.get().quantity_allocated == 18
    assert Shipment.objects.exclude(pk=shipment.pk).get().lines.get().quantity == 18
    holds()


def test_more_than_approved_is_a_discrepancy_that_is_never_invoiced(world: World) -> None:
    made, shipment = released(world, 30)
    done = gone(world, 37, shipment.number)
    line = made.lines.get()
    assert (line.quantity_shipped, line.quantity_approved, line.quantity_allocated) == (30, 30, 0)
    (found,) = done.discrepancies
    assert (found.kind, found.quantity, found.order) == ("unauthorised_issue", 7, made)
    assert found.number.startswith("DC")  # a serial of its own, which no rollback takes back
    assert Movement.objects.values_list("quantity", "reference_line").get(kind="unauthorised_issue") == (-7, None)
    assert stock(world) == (63, 0, 0) and cell(world) == (63, 0)
    drain_all()
    assert Invoice.objects.get().net == Decimal("300.00")
    holds()


def test_what_is_approved_and_was_not_released_is_covered(world: World) -> None:
    made = order(world, 30)
    done = gone(world, 33, order=made.number)
    assert made.lines.get().quantity_shipped == 30
    assert [d.quantity for d in done.discrepancies] == [3]
    assert Shipment.objects.get().status == "shipped" and stock(world) == (67, 0, 0)
    assert not ScheduleLine.objects.filter(order=made, version=made.live_plan.version).exists()
    assert cell(world) == (67, 0)
    drain_all()
    assert Invoice.objects.get().net == Decimal("300.00")
    holds()


@pytest.mark.parametrize("state", ["undecided", "cancelled", "unknown"])
def test_what_nobody_approved_leaves_as_a_discrepancy_alone(world: World, state: str) -> None:
    made = order(world, 80)  # needs an approver
    if state == "cancelled":
        cancel(made.pk, "not wanted", by=world.sales)
    done = gone(world, 20, order=made.number if state != "unknown" else "SO999")
    assert made.lines.get().quantity_shipped == 0 and not Shipment.objects.exists()
    assert [(d.quantity, d.order) for d in done.discrepancies] == [(20, None if state == "unknown" else made)]
    assert stock(world) == (80, 0, 0)
    drain_all()
    assert not Invoice.objects.exists()
    holds()


def test_goods_taken_from_under_another_order_release_its_allocation(world: World) -> None:
    other, _shipment = released(world, 45)
    wanted = order(world, 40)
    lost(world, 10)
    done = gone(world, 60, order=wanted.number)
    assert wanted.lines.get().quantity_shipped == 40 and [d.quantity for d in done.discrepancies] == [20]
    assert done.released[other.pk] == 15 and stock(world) == (30, 30, 0)
    holds()


def test_more_than_there_was_is_found_first(world: World) -> None:
    done = gone(world, 130, order="SO1")
    assert Movement.objects.get(kind="found").quantity == 30
    assert stock(world) == (0, 0, 0) and done.discrepancies[0].quantity == 130
    holds()


def test_facts_are_posted_by_staff_of_the_location(world: World) -> None:
    other = create_user("walter", by=world.system, password="a-Test-password-9", roles=["warehouse"], email="w@example.com")
    for fact in (HasShipped(world.lyon, [Gone(world.products["A"].pk, 1)]), Adjusted(world.lyon, [Change(world.products["A"].pk, "", "", -1)], "loss")):
        with pytest.raises(Forbidden):
            post_fact(fact, by=other)
    with pytest.raises(Invalid):
        post_fact(HasShipped(world.lyon, [Gone(world.products["A"].pk, 0)]), by=world.warehouse)
    assert stock(world) == (100, 0, 0) and not Discrepancy.objects.exists()


# Clearing


def test_what_is_approved_afterwards_becomes_an_issue_of_its_line_and_is_invoiced(world: World) -> None:
    made = order(world, 80)
    (found,) = gone(world, 20, order=made.number).discrepancies
    line = made.lines.get()
    with pytest.raises(Conflict) as early:
        clear_by_approval(found.pk, line.pk, 20, by=world.manager)
    assert early.value.code == "above_approved" and not DiscrepancyClearing.objects.exists()
    decide(made.pk, {line.pk: Decision(15, 65, "no_stock")}, by=world.approver, accept_changes=True)
    with pytest.raises(Conflict):
        clear_by_approval(found.pk, line.pk, 20, by=world.manager)
    clear_by_approval(found.pk, line.pk, 15, by=world.manager)
    found.refresh_from_db()
    assert (found.cleared, made.lines.get().quantity_shipped, stock(world)) == (15, 15, (80, 0, 0))
    drain_all()
    assert Invoice.objects.get().net == Decimal("150.00")
    with pytest.raises(Conflict):
        clear_by_approval(found.pk, line.pk, 15, by=world.manager)
    holds()


def test_what_comes_back_stands_blocked(world: World) -> None:
    (found,) = gone(world, 20, order="SO1").discrepancies
    clear_by_return(found.pk, 12, by=world.warehouse)
    with pytest.raises(Conflict) as more:
        clear_by_return(found.pk, 9, by=world.warehouse)
    assert more.value.data["available"] == 8
    assert stock(world) == (92, 0, 12) and cell(world) == (80, 0)
    holds()


def test_a_write_off_takes_two_persons(world: World) -> None:
    (found,) = gone(world, 20, order="SO1").discrepancies
    change = propose_write_off(found.pk, "picked wrongly", by=world.manager)
    assert change.amount == Decimal(100)
    with pytest.raises(Forbidden):
        confirm(change.pk, by=world.manager)
    assert Discrepancy.objects.get().cleared == 0
    confirm(change.pk, by=world.finance)
    row = DiscrepancyClearing.objects.get()
    assert (row.kind, row.quantity, row.proposed_by, row.by, Discrepancy.objects.get().open) == ("write_off", 20, world.manager, world.finance, 0)
    assert stock(world) == (80, 0, 0)
    holds()


def test_a_fact_of_a_closed_month_moves_stock_on_the_first_open_day(world: World) -> None:
    from payments.billing.services import close_month

    this_month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    last_month = (this_month - timedelta(days=1)).replace(day=1)
    late = last_month + timedelta(days=3)
    gone(world, 4, at=late)
    assert Movement.objects.filter(kind="unauthorised_issue").latest("pk").occurred_at == late
    close_month(last_month.date(), "", by=world.finance)
    gone(world, 5, at=late)
    moved = Movement.objects.filter(kind="unauthorised_issue").latest("pk")
    assert (moved.occurred_at, moved.happened_at) == (this_month, late)
    holds()


@pytest.mark.parametrize("told_first", ["fact", "count"])
def test_a_count_of_a_closed_month_stands_and_is_netted_by_when_facts_really_happened(world: World, told_first: str) -> None:
    from payments.billing.services import close_month

    this_month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    opened, early, counted, after = (this_month - timedelta(days=n) for n in (12, 9, 6, 3))
    set_opening([Opening(world.products["A"].pk, world.lyon, "R9", "", None, 100)], by=world.system, at=opened, source="r9")
    close_month((this_month - timedelta(days=1)).replace(day=1).date(), "", by=world.finance)

    def lost(units: int, at: datetime) -> None:
        adjust(world.lyon, [Change(world.products["A"].pk, "R9", "", -units)], "breakage", by=world.system, at=at, source=f"lost-{units}")

    tell = {
        "fact": lambda: lost(5, early),
        "count": lambda: count(world.lyon, [Counted(world.products["A"].pk, "R9", "", 90)], by=world.system, as_of=counted),
    }
    for name in (told_first, *({"fact", "count"} - {told_first})):
        tell[name]()
    lost(7, after)
    assert Balance.objects.get(bin="R9").on_hand == 90 - 7
    assert not Movement.objects.filter(balance__bin="R9", occurred_at__lt=this_month).exclude(quantity=100).exists()
    assert [o.code for o in verify("stock") if o.rows] == []
    holds()
