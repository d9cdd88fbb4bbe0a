"""Amending orders: exact effects on lines, stock, credit and approval; what is refused leaves no trace."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from customers.models import Address
from inventory.models import Availability, Balance
from oms.events.models import Event
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from orders.approval.selectors import queue
from orders.approval.services import Decision, decide, reapprove
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import amend, preview, submit
from orders.fulfilment.services import release, ship
from orders.holds.services import release_hold
from orders.models import (
    Allocation,
    Approval,
    ApprovalLine,
    Hold,
    Order,
    OrderLine,
    Promise,
    ScheduleLine,
    Shipment,
)
from payments.models import CreditAccount
from tests.world import World


def enter(world: World, *lines: tuple[str, int], **more: Any) -> Order:
    """An order of ACME."""
    request = EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", **more)
    return Order.objects.get(number=submit(request, by=world.sales).number)


def change(order: Order, by: Any, position: int = 1, reason: str = "", **values: Any) -> Order:
    """Amend one line of the order as it stands."""
    order.refresh_from_db()
    line = order.lines.get(position=position)
    return amend(order.pk, Amendment((LineChange(line.pk, **values),), reason=reason), by=by, version=order.version)


def free(world: World, sku: str = "A") -> list[list[int]]:
    """Free quantities, LYON then TURIN."""
    return [c.free for c in Availability.objects.filter(product=world.products[sku]).order_by("location_id")]


def row(order: Order, position: int = 1) -> tuple[int, int, int, int, int]:
    """(ordered, approved, cancelled, allocated, shipped)."""
    x = order.lines.get(position=position)
    return x.quantity_ordered, x.quantity_approved, x.quantity_cancelled, x.quantity_allocated, x.quantity_shipped


def reserved() -> Decimal:
    return CreditAccount.objects.get().reserved


def plans(order: Order) -> list[tuple[str, int]]:
    """Live schedule lines: (kind, units)."""
    live = order.live_plan.version
    return list(ScheduleLine.objects.filter(order=order, version=live).order_by("line_id", "ship_date").values_list("kind", "quantity"))


# Prices


def test_a_price_touches_no_stock_and_is_approved_anew(world: World) -> None:
    order = enter(world, ("A", 30))
    stood = free(world), plans(order), list(Promise.objects.values_list("pk", flat=True))
    change(order, world.sales, price=Decimal(9), reason="volume")
    order.refresh_from_db()
    line = order.lines.get()
    assert (line.unit_price, line.net, line.price_source) == (9, Decimal(270), f"manual:{world.sales.pk}")
    assert (order.net, order.total, reserved()) == (Decimal(270), Decimal(324), Decimal(324))
    assert (free(world), plans(order), list(Promise.objects.values_list("pk", flat=True))) == stood
    hold = Hold.objects.get()
    assert (hold.kind, hold.steps, hold.released_at) == ("reapproval", ["release", "ship", "invoice"], None)
    assert release([order.pk], by=world.manager) == []
    kept = line.price_changes.get()
    assert (kept.old_price, kept.price, kept.old_net, kept.net, kept.by_id) == (10, 9, Decimal(300), Decimal(270), world.sales.pk)
    told = Event.objects.get(name="order.amended").data["prices"][str(line.pk)]
    assert [Decimal(x) for x in told] == [10, 0, 9, 0]
    connection.check_constraints()


def test_changed_terms_are_approved_by_who_did_not_change_them_and_bind_the_new_content(world: World) -> None:
    order = enter(world, ("A", 30))
    change(order, world.manager, price=Decimal(9), reason="volume")
    order.refresh_from_db()
    with pytest.raises(Conflict) as refused:
        release_hold(Hold.objects.get().pk, "fine", by=world.approver)
    assert refused.value.code == "reapprove"
    for by in (world.sales, world.manager):
        with pytest.raises(Forbidden):
            reapprove(order.pk, by=by)
    with pytest.raises(Stale):
        reapprove(order.pk, by=world.approver, version=order.version - 1)
    assert Approval.objects.count() == 1
    reapprove(order.pk, by=world.approver, version=order.version)
    approval = Approval.objects.latest("pk")
    assert (approval.by, approval.amended_by, bytes(approval.content_hash)) == (world.approver, [world.manager.pk], bytes(order.content_hash))
    order.refresh_from_db()
    assert order.amended_by == [] and len(release([order.pk], by=world.manager)) == 1
    with pytest.raises(Conflict):
        reapprove(order.pk, by=world.approver)


def test_a_price_needs_the_right_and_a_reason_and_below_the_floor_a_hold(world: World) -> None:
    order = enter(world, ("A", 90))
    for by, reason, error in ((world.partner, "x", Forbidden), (world.sales, " ", Invalid)):
        with pytest.raises(error):
            change(order, by, price=Decimal(9), reason=reason)
    assert OrderLine.objects.get().unit_price == 10
    change(order, world.sales, price=Decimal("5.2"), reason="match")
    assert [(h.kind, h.code) for h in Hold.objects.all()] == [("margin", "margin_floor")]


def test_shipped_goods_keep_their_price(world: World) -> None:
    order = enter(world, ("A", 30))
    (shipment,) = release([order.pk], by=world.manager)
    ship(shipment, {Shipment.objects.get(pk=shipment).lines.get().pk: 10}, by=world.warehouse)
    with pytest.raises(Conflict) as refused:
        change(order, world.sales, price=Decimal(9), reason="volume")
    assert refused.value.code == "not_invoiced" and OrderLine.objects.get().unit_price == 10
    drain_all()
    change(order, world.sales, price=Decimal(9), reason="volume")
    account = CreditAccount.objects.get()
    assert OrderLine.objects.get().net == Decimal(280)
    assert (account.receivable, account.reserved) == (Decimal(120), Decimal(216))


# Less


def test_less_takes_pending_then_undated_then_the_latest_then_what_is_not_picked(world: World) -> None:
    """160 of A: 150 dated (100 LYON, 50 TURIN), 10 without a date; 140 approved, 20 left pending."""
    order = enter(world, ("A", 160))
    line = order.lines.get()
    decide(order.pk, {line.pk: Decision(140)}, by=world.manager)
    assert (row(order), free(world), reserved()) == ((160, 140, 0, 0, 0), [[0], [0]], Decimal(1920))
    change(order, world.sales, quantity=145)
    assert (row(order), free(world), reserved()) == ((160, 140, 15, 0, 0), [[0], [5]], Decimal(1740))
    change(order, world.sales, quantity=120)
    assert (row(order), free(world), reserved()) == ((160, 120, 40, 0, 0), [[0], [30]], Decimal(1440))
    assert plans(order) == [("plan", 100), ("plan", 20)]
    assert sum(ApprovalLine.objects.values_list("approved", flat=True)) == 120
    assert Promise.objects.latest("pk").quantity == 120 and Hold.objects.count() == 0
    connection.check_constraints()


def test_less_takes_goods_back_from_the_warehouse_but_not_out_of_the_cart(world: World) -> None:
    order = enter(world, ("A", 30))
    release([order.pk], by=world.manager)
    Allocation.objects.update(picked=12)
    with pytest.raises(Conflict) as refused:
        change(order, world.sales, quantity=11)
    assert (refused.value.code, refused.value.data["least"]) == ("below_shipped", 12)
    assert row(order) == (30, 30, 0, 30, 0)
    change(order, world.sales, quantity=12)
    balance = Balance.objects.get(product=world.products["A"], location_id=world.lyon)
    assert (row(order), balance.allocated, balance.blocked, free(world)) == ((30, 12, 18, 12, 0), 12, 0, [[88], [50]])
    assert Shipment.objects.get().lines.get().quantity == 12 and reserved() == Decimal(144)
    connection.check_constraints()


def test_nothing_falls_below_shipped(world: World) -> None:
    order = enter(world, ("A", 30))
    (shipment,) = release([order.pk], by=world.manager)
    ship(shipment, {Shipment.objects.get(pk=shipment).lines.get().pk: 20}, by=world.warehouse)
    with pytest.raises(Conflict):
        change(order, world.sales, quantity=19)
    change(order, world.sales, quantity=20)
    assert row(order) == (30, 20, 10, 0, 20)
    with pytest.raises(Conflict) as refused:
        change(order, world.sales, quantity=20)
    assert refused.value.code == "nothing_changed"
    connection.check_constraints()


def test_an_order_is_not_amended_to_nothing(world: World) -> None:
    order = enter(world, ("A", 30))
    with pytest.raises(Conflict) as refused:
        change(order, world.sales, quantity=0)
    assert (refused.value.code, row(order)) == ("nothing_left_of_it", (30, 30, 0, 0, 0))


# More


def test_more_is_a_new_line_approved_nothing_with_claims_credit_and_a_place_in_the_queue(world: World) -> None:
    order = enter(world, ("A", 30))
    assert list(queue(world.approver)) == []
    change(order, world.sales, quantity=50)
    order.refresh_from_db()
    first, more = order.lines.order_by("position")
    assert (row(order, 1), row(order, 2), more.extends_line_id) == ((30, 30, 0, 0, 0), (20, 0, 0, 0, 0), first.pk)
    assert (order.status, order.net, reserved(), free(world)) == ("approved", Decimal(500), Decimal(600), [[50], [50]])
    assert plans(order) == [("plan", 30), ("claim", 20)] and Hold.objects.count() == 0
    assert list(queue(world.approver)) == [order] and order.claim_expires_at is not None
    assert list(Promise.objects.filter(line=more).values_list("kind", "quantity")) == [("quoted", 20)]
    decide(order.pk, None, by=world.approver)
    order.refresh_from_db()
    assert (row(order, 2), order.undecided_since, order.amended_by) == ((20, 20, 0, 0, 0), None, [])
    assert list(queue(world.approver)) == []
    connection.check_constraints()


def test_who_amended_does_not_decide(world: World) -> None:
    order = enter(world, ("A", 30))
    change(order, world.manager, quantity=50)
    assert list(queue(world.manager)) == [] and list(queue(world.approver)) == [order]
    with pytest.raises(Forbidden) as refused:
        decide(order.pk, None, by=world.manager)
    assert refused.value.code == "own_order" and row(order, 2)[1] == 0


def test_other_products_are_added_and_bad_ones_named(world: World) -> None:
    order = enter(world, ("A", 30))
    bad = Amendment(added=(LineRequest("X", Decimal(1)), LineRequest("B", Decimal(2))))
    with pytest.raises(Invalid) as refused:
        amend(order.pk, bad, by=world.sales, version=order.version)
    assert [e["field"] for e in refused.value.data["errors"]] == ["lines.0.sku"] and order.lines.count() == 1
    good = Amendment(added=(LineRequest("B", Decimal(1), unit="case"),))
    shown = preview(order, good, by=world.sales, now=now())
    amend(order.pk, good, by=world.sales, version=order.version)
    assert row(order, 2) == (5, 0, 0, 0, 0) and free(world, "B") == [[5]]
    assert shown.money.total == Order.objects.get().total == Decimal(480)
    assert shown.placed.promise(shown.added[0].id).quantity == 5


def test_above_the_limit_the_order_is_held_and_counts_only_what_is_unbilled(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(500))
    order = enter(world, ("A", 30))
    assert reserved() == Decimal(360)
    change(order, world.sales, quantity=50)
    hold = Hold.objects.get()
    assert (hold.kind, hold.code, hold.amount, reserved()) == ("credit", "credit_limit", Decimal(600), Decimal(0))
    assert release([order.pk], by=world.manager) == []
    change(order, world.sales, position=2, quantity=0)
    assert Hold.objects.get().amount == Decimal(360)
    release_hold(hold.pk, "good customer", by=world.finance)
    assert reserved() == Decimal(360)


def test_a_release_is_used_up_like_money(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(500))
    order = enter(world, ("A", 50))
    hold = Hold.objects.get()
    with pytest.raises(Conflict) as refused:
        release_hold(hold.pk, "some", by=world.finance, amount=Decimal(599))
    assert refused.value.code == "release_too_small"
    release_hold(hold.pk, "up to 720", by=world.finance, amount=Decimal(720))
    assert reserved() == Decimal(600)
    change(order, world.sales, quantity=60)
    assert (reserved(), Hold.objects.filter(released_at=None).count()) == (Decimal(720), 0)
    change(order, world.sales, position=2, quantity=11)
    back = Hold.objects.get(released_at=None)
    assert (back.kind, back.amount, reserved()) == ("credit", Decimal(732), Decimal(0))


# Day and address


def test_an_earlier_day_ranks_anew_a_later_one_keeps_its_rank(world: World) -> None:
    order = enter(world, ("A", 30), requested_date=now().date() + timedelta(days=10))
    before = now().date() - timedelta(days=40)
    OrderLine.objects.update(rank_date=before)
    later = Amendment(requested_date=order.requested_date + timedelta(days=5))
    amend(order.pk, later, by=world.sales, version=order.version)
    order.refresh_from_db()
    assert (order.requested_date, order.lines.get().rank_date) == (later.requested_date, before)
    earlier = Amendment(requested_date=order.requested_date - timedelta(days=8))
    amend(order.pk, earlier, by=world.sales, version=order.version)
    assert Order.objects.get().lines.get().rank_date == now().date()
    assert row(order) == (30, 30, 0, 0, 0) and Hold.objects.count() == 0


def test_another_address_is_approved_anew_and_takes_goods_back(world: World) -> None:
    Address.objects.create(customer=world.customer, code="SITE", name="Site", street="2", postal_code="69002", city="Lyon",
                           country="FR", transit_zone="FR")  # fmt: skip
    order = enter(world, ("A", 30))
    release([order.pk], by=world.manager)
    with pytest.raises(Invalid):
        amend(order.pk, Amendment(ship_to="NOWHERE"), by=world.sales, version=order.version)
    amend(order.pk, Amendment(ship_to="SITE"), by=world.sales, version=order.version)
    order.refresh_from_db()
    assert (order.ship_to.code, row(order), Shipment.objects.get().status) == ("SITE", (30, 30, 0, 0, 0), "cancelled")
    assert [h.kind for h in Hold.objects.all()] == ["reapproval"] and plans(order) == [("plan", 30)]
    connection.check_constraints()


# Two at once


def test_of_two_who_change_one_order_the_second_sees_that_it_changed(world: World) -> None:
    order = enter(world, ("A", 30))
    version = order.version
    change(order, world.sales, quantity=25)
    with pytest.raises(Stale) as refused:
        amend(order.pk, Amendment((LineChange(order.lines.get().pk, quantity=20),)), by=world.manager, version=version)
    assert refused.value.code == "order_changed" and row(order) == (30, 25, 5, 0, 0)
