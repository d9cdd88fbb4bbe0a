"""Recall, cancel, cancel the rest, reopen: what is given back, what stays, and who may."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from inventory.models import Availability, Balance
from inventory.stock.services.ledger import Posting, post
from oms.access.services import create_user
from oms.events.services import command
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.approval.services import Decision, decide
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import cancel, cancel_rest, recall, reopen, submit
from orders.fulfilment.services import release, ship
from orders.models import Allocation, Hold, LivePlan, Order, Shipment
from payments.models import CreditAccount
from tests.world import World


def enter(world: World, *lines: tuple[str, int], by: Any = None, **more: Any) -> Order:
    """An order of ACME."""
    request = EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", **more)
    return Order.objects.get(number=submit(request, by=by or world.sales).number)


def free(world: World, sku: str = "A") -> list[list[int]]:
    """Free quantities of a product, LYON then TURIN."""
    return [c.free for c in Availability.objects.filter(product=world.products[sku]).order_by("location_id")]


def shelf(world: World, sku: str = "A") -> tuple[int, int, int]:
    """(on hand, allocated, blocked) in LYON."""
    b = Balance.objects.get(product=world.products[sku], location_id=world.lyon)
    return b.on_hand, b.allocated, b.blocked


def test_recall_gives_back_claims_credit_and_holds(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(100))
    order = enter(world, ("A", 90))
    assert (free(world), Hold.objects.filter(released_at=None).count()) == ([[10], [50]], 1)
    recall(order.pk, by=world.sales)
    order.refresh_from_db()
    assert (order.status, order.undecided_since, order.claim_expires_at) == ("draft", None, None)
    assert free(world) == [[100], [50]] and not LivePlan.objects.exists()
    assert Hold.objects.filter(released_at=None).count() == 0
    connection.check_constraints()


def test_only_who_entered_or_submitted_or_a_manager_recalls(world: World) -> None:
    order = enter(world, ("A", 90))
    other = create_user("sales2", by=world.system, password="a-Test-password-9", roles=["sales"])
    for by, code in ((other, "not_theirs"), (world.approver, "role")):
        with pytest.raises(Forbidden) as refused:
            recall(order.pk, by=by)
        assert refused.value.code == code
    assert Order.objects.get().status == "submitted" and free(world) == [[10], [50]]
    assert recall(order.pk, by=world.manager).status == "draft"


def test_what_is_decided_in_part_or_approved_is_not_recalled(world: World) -> None:
    order = enter(world, ("A", 60), ("B", 3))
    decide(order.pk, {order.lines.get(position=2).pk: Decision(0, 3, "no_stock")}, by=world.approver)
    with pytest.raises(Conflict) as refused:
        recall(order.pk, by=world.sales)
    assert (refused.value.code, Order.objects.get().status) == ("decided", "submitted")
    with pytest.raises(Conflict):
        recall(enter(world, ("A", 1)).pk, by=world.sales)


def test_a_held_order_is_cut_to_nothing_and_rejected_without_releasing_the_hold(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(100))
    order = enter(world, ("A", 30))
    with pytest.raises(Conflict):
        decide(order.pk, None, by=world.approver)
    decide(order.pk, {order.lines.get().pk: Decision(0, 30, "no_stock")}, by=world.approver)
    order.refresh_from_db()
    assert (order.status, order.undecided_since, free(world)) == ("rejected", None, [[100], [50]])
    assert Hold.objects.filter(released_at=None).count() == 0


def test_cancel_takes_goods_back_from_the_warehouse(world: World) -> None:
    order = enter(world, ("A", 30))
    release([order.pk], by=world.manager)
    assert shelf(world) == (100, 30, 0)
    cancel(order.pk, "not wanted", by=world.sales)
    order.refresh_from_db()
    line = order.lines.get()
    assert (order.status, line.quantity_approved, line.quantity_cancelled, line.quantity_allocated) == ("cancelled", 0, 30, 0)
    assert (shelf(world), free(world)) == ((100, 0, 0), [[100], [50]])
    assert (Shipment.objects.get().status, CreditAccount.objects.get().reserved) == ("cancelled", 0)
    connection.check_constraints()


def test_cancelled_after_picking_the_goods_stand_blocked_until_put_back(world: World) -> None:
    order = enter(world, ("A", 30))
    release([order.pk], by=world.manager)
    Allocation.objects.update(picked=20)
    cancel(order.pk, "not wanted", by=world.sales)
    assert (shelf(world), free(world)) == ((100, 0, 20), [[80], [50]])
    allocation = Allocation.objects.get()
    assert (allocation.live, allocation.picked) == (0, 0)
    with command("test", by=world.system) as cmd:
        event = cmd.event("stock.put_back", [("product", world.products["A"].pk)], {})
        post([Posting(allocation.balance_id, "unblock", blocked=-20)], event)
    assert shelf(world) == (100, 0, 0)
    connection.check_constraints()


def shipped_in_part(world: World) -> Order:
    """30 of A and freight ordered, 20 shipped, 10 still with the warehouse."""
    order = enter(world, ("A", 30), charges=(ChargeRequest("Freight", Decimal(8)),))
    (shipment,) = release([order.pk], by=world.manager)
    ship(shipment, {Shipment.objects.get(pk=shipment).lines.get().pk: 20}, by=world.warehouse)
    drain_all()
    return order


def test_the_rest_of_a_partly_shipped_order_is_cancelled_never_below_shipped(world: World) -> None:
    order = shipped_in_part(world)
    with pytest.raises(Conflict) as refused:
        cancel(order.pk, "enough", by=world.sales)
    assert refused.value.code == "shipped" and shelf(world) == (80, 10, 0)
    cancel_rest(order.pk, "enough", by=world.sales)
    goods, freight = order.lines.order_by("position")
    assert (goods.quantity_approved, goods.quantity_cancelled, goods.quantity_shipped, goods.quantity_allocated) == (20, 10, 20, 0)
    assert (freight.quantity_approved, freight.quantity_cancelled) == (1, 0)
    assert (shelf(world), free(world)) == ((80, 0, 0), [[80], [50]])
    account = CreditAccount.objects.get()
    assert (account.reserved, account.receivable, Order.objects.get().status) == (0, Decimal("249.60"), "approved")
    with pytest.raises(Conflict) as refused:
        cancel_rest(order.pk, "enough", by=world.sales)
    assert refused.value.code == "nothing_left"
    connection.check_constraints()


def test_nothing_shipped_has_no_rest_to_cancel_and_every_step_needs_a_reason(world: World) -> None:
    order = enter(world, ("A", 30))
    with pytest.raises(Conflict) as refused:
        cancel_rest(order.pk, "enough", by=world.sales)
    assert refused.value.code == "nothing_shipped"
    for step in (cancel, cancel_rest, reopen):
        with pytest.raises(Invalid):
            step(order.pk, " ", by=world.manager)
    assert free(world) == [[70], [50]]


def completed(world: World) -> Order:
    """An order shipped, delivered, paid."""
    order = shipped_in_part(world)
    cancel_rest(order.pk, "enough", by=world.sales)
    with connection.cursor() as cursor:  # the way there is told by the journey; here only the state is needed
        cursor.execute("UPDATE orders_order SET status = 'completed' WHERE id = %s", [order.pk])
        cursor.execute(
            "INSERT INTO orders_ordertransition (order_id, source, target, by_id, at, event_id) "
            "SELECT order_id, 'approved', 'completed', by_id, now(), event_id FROM orders_ordertransition "
            "WHERE order_id = %s ORDER BY id DESC LIMIT 1", [order.pk],
        )  # fmt: skip
    return order


def test_a_completed_order_is_opened_again_by_a_manager_with_a_reason(world: World) -> None:
    order = completed(world)
    with pytest.raises(Forbidden):
        reopen(order.pk, "one more", by=world.sales)
    assert Order.objects.get().status == "completed"
    reopen(order.pk, "one more", by=world.manager)
    assert (Order.objects.get().status, Hold.objects.count()) == ("approved", 0)
    connection.check_constraints()


def test_opened_again_while_the_account_is_blocked_it_is_held(world: World) -> None:
    order = completed(world)
    CreditAccount.objects.update(blocked=True, blocked_reason="bounced cheque")
    reopen(order.pk, "one more", by=world.manager)
    hold = Hold.objects.get()
    assert (hold.kind, hold.code, hold.steps, hold.released_at) == ("credit", "account_blocked", ["approve", "release"], None)
    assert release([order.pk], by=world.manager) == []
