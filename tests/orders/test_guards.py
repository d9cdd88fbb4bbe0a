"""The order's guards, met by plain SQL around every service: what must never be is refused by the database itself.

Stock's own guards stand in tests/inventory/stock/test_guards.py, money's in tests/payments/test_guards.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from oms.events.tasks import drain_all
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.services import deliver, release, ship
from orders.holds.services import place_hold
from orders.models import Approval, Order, OrderLine, OrderTransition, Shipment, ShipmentLine
from tests.world import World, make_customer

pytestmark = pytest.mark.django_db


@dataclass
class Stage:
    """`goods`: 30 ordered and approved, 10 allocated, 20 shipped, delivered and invoiced. `freight`: 1, invoiced.

    `waiting`: 60 ordered in another order, nothing decided.
    """

    world: World
    order: Order
    goods: OrderLine
    freight: OrderLine
    other: Order
    waiting: OrderLine


@pytest.fixture
def stage(world: World) -> Stage:
    """Two orders as the use cases leave them."""
    lines = (LineRequest("A", Decimal(30)),)
    request = EntryRequest("ACME", lines, "web", charges=(ChargeRequest("Freight", Decimal(8)),))
    order = Order.objects.get(number=submit(request, by=world.sales).number)
    (shipment,) = release([order.pk], by=world.manager)
    ship(shipment, {Shipment.objects.get(pk=shipment).lines.get().pk: 20}, by=world.warehouse)
    deliver(shipment, date.today() + timedelta(days=1), "carrier", by=world.warehouse)
    drain_all()
    large = EntryRequest("ACME", (LineRequest("A", Decimal(60)),), "api", external_id="X1", customer_po="PO1")
    other = Order.objects.get(number=submit(large, by=world.partner).number)
    goods, freight = order.lines.order_by("position")
    connection.check_constraints()
    return Stage(world, order, goods, freight, other, other.lines.get())


def run(sql: str, *parameters: Any) -> None:
    """Run a statement and check what is deferred to the commit."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters[0] if parameters and isinstance(parameters[0], dict) else parameters)
        connection.check_constraints()


def refused(sql: str, *parameters: Any) -> str:
    """The name of the constraint that refuses; nothing is left of the attempt."""
    before = picture()
    with pytest.raises(DatabaseError) as error:
        run(sql, *parameters)
    assert picture() == before
    return str(error.value.__cause__.diag.constraint_name)


def picture() -> list[Any]:
    """Everything these attempts aim at."""
    return [list(m.objects.order_by("pk").values()) for m in (Order, OrderLine, Shipment, ShipmentLine, Approval, OrderTransition)]


def copy(table: str, pk: int, **changes: Any) -> tuple[str, str, int]:
    """An INSERT of a row like row `pk` with other values."""
    sql = f"INSERT INTO {table} SELECT (jsonb_populate_record(x, %s::jsonb)).* FROM {table} x WHERE id = %s"
    return sql, json.dumps({"id": 900_000_000, **changes}, default=str), pk


def line_update(line: OrderLine, change: str) -> str:
    """Who refuses this change of one line: "approved = 3, shipped = 2"."""
    sets = ", ".join(f"quantity_{part.strip()}" for part in change.split(","))
    return refused(f"UPDATE orders_orderline SET {sets} WHERE id = %s", line.pk)


def test_the_stage_is_what_the_cases_below_start_from(stage: Stage) -> None:
    kinds = ("ordered", "approved", "cancelled", "allocated", "shipped", "delivered", "undelivered", "returned", "invoiced")
    assert [getattr(stage.goods, f"quantity_{k}") for k in kinds] == [30, 30, 0, 10, 20, 20, 0, 0, 20]
    assert [getattr(stage.freight, f"quantity_{k}") for k in kinds] == [1, 1, 0, 0, 0, 0, 0, 0, 1]
    assert [getattr(stage.waiting, f"quantity_{k}") for k in kinds] == [60, 0, 0, 0, 0, 0, 0, 0, 0]


# Quantities of a line (I4, I6)


def test_no_quantity_of_goods_goes_beyond_what_came_before_it(stage: Stage) -> None:
    cases = [
        ("approved = 31", "line_approved_within_ordered"),
        ("cancelled = 1", "line_approved_within_ordered"),
        ("approved = 20, cancelled = 11", "line_approved_within_ordered"),
        ("allocated = 11", "line_issued_within_approved"),
        ("shipped = 21", "line_issued_within_approved"),
        ("approved = 29", "line_issued_within_approved"),
        ("delivered = 21", "line_delivered_within_shipped"),
        ("undelivered = 1", "line_delivered_within_shipped"),
        ("returned = 21", "line_returned_within_delivered"),
        ("invoiced = 21", "line_invoiced_within_shipped"),
    ]  # fmt: skip
    for change, rule in cases:
        assert line_update(stage.goods, change) == rule


def test_services_and_charges_are_never_shipped_and_invoiced_at_most_as_approved(stage: Stage) -> None:
    cases = [
        ("allocated = 1", "line_service_invoiced_within_approved"),
        ("shipped = 1", "line_service_invoiced_within_approved"),
        ("shipped = 1, delivered = 1", "line_service_invoiced_within_approved"),
        ("shipped = 1, undelivered = 1", "line_service_invoiced_within_approved"),
        ("shipped = 1, delivered = 1, returned = 1", "line_service_invoiced_within_approved"),
        ("invoiced = 2", "line_service_invoiced_within_approved"),
        ("approved = 2", "line_approved_within_ordered"),
    ]  # fmt: skip
    for kind in ("service", "charge"):
        OrderLine.objects.filter(pk=stage.freight.pk).update(kind=kind)
        for change, rule in cases:
            assert line_update(stage.freight, change) == rule


def test_no_quantity_is_below_zero(stage: Stage) -> None:
    cases = [
        ("approved = -1", "line_issued_within_approved"),
        ("approved = -1, allocated = -1", "line_not_negative"),
        ("cancelled = -1", "line_not_negative"),
        ("allocated = -1", "line_not_negative"),
        ("shipped = -1", "line_delivered_within_shipped"),
        ("shipped = -1, delivered = -1, returned = -1, invoiced = -1", "line_not_negative"),
        ("delivered = -1", "line_not_negative"),
        ("undelivered = -1", "line_not_negative"),
        ("returned = -1", "line_not_negative"),
        ("invoiced = -1", "line_not_negative"),
    ]  # fmt: skip
    for change, rule in cases:
        assert line_update(stage.waiting, change) == rule


@pytest.mark.parametrize("ordered", [0, -1])
def test_nothing_or_less_is_never_ordered(stage: Stage, ordered: int) -> None:
    sql = copy("orders_orderline", stage.waiting.pk, position=9, quantity_ordered=ordered, quantity_cancelled=min(0, ordered))
    assert refused(*sql) in ("line_ordered", "line_not_negative")
    assert refused(*copy("orders_orderline", stage.waiting.pk, position=9, quantity_ordered=0)) == "line_ordered"


@pytest.mark.parametrize("ordered", [61, 59])
def test_ordered_never_changes_after_submission(stage: Stage, ordered: int) -> None:
    assert line_update(stage.waiting, f"ordered = {ordered}") == "line_ordered_fixed"


def test_a_line_names_its_product_its_price_and_where_the_price_came_from(stage: Stage) -> None:
    cases = [
        ("product_id = NULL", "line_goods_name_product"), ("unit_price = -1", "line_price"), ("price_source = ''", "line_price_source"),
        ("discount = 1.000001", "line_discount"), ("discount = -0.1", "line_discount"),
    ]  # fmt: skip
    for change, rule in cases:
        assert refused(f"UPDATE orders_orderline SET {change} WHERE id = %s", stage.waiting.pk) == rule


# Approved, allocated and shipped are sums of rows


def test_nothing_is_approved_without_a_decision(stage: Stage) -> None:
    assert line_update(stage.waiting, "approved = 60") == "line_approved_by_decision"
    assert refused(*copy("orders_orderline", stage.waiting.pk, position=9, quantity_approved=5)) == "line_approved_by_decision"


def test_no_decision_approves_above_ordered_or_without_its_line(stage: Stage) -> None:
    one = stage.goods.approval_lines.get()
    assert refused(*copy("orders_approvalline", one.pk, approved=1)) == "line_approved_by_decision"
    sql = "UPDATE orders_orderline SET quantity_approved = 31 WHERE id = %s; " + copy("orders_approvalline", 0)[0]
    with pytest.raises(DatabaseError, match="line_approved_within_ordered"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql.split(";")[0], [stage.goods.pk])
    assert refused(*copy("orders_approvalline", one.pk, approved=0, cut=1)) == "approval_cut_has_reason"


def test_nothing_is_allocated_without_an_allocation(stage: Stage) -> None:
    assert line_update(stage.goods, "allocated = 9") == "line_allocated_by_allocations"
    allocation = stage.goods.allocations.get()
    assert refused("UPDATE orders_allocation SET released = 1 WHERE id = %s", allocation.pk) == "line_allocated_by_allocations"
    assert refused("UPDATE orders_allocation SET released = 11 WHERE id = %s", allocation.pk) == "allocation_quantities"
    assert refused(*copy("orders_allocation", allocation.pk, quantity=1, shipped=0)) == "line_allocated_by_allocations"
    moved = "UPDATE orders_allocation SET line_id = %s, order_id = %s WHERE id = %s"
    assert refused(moved, stage.waiting.pk, stage.other.pk, allocation.pk) == "line_allocated_by_allocations"


def test_no_line_is_born_allocated_or_shipped(stage: Stage) -> None:
    """Its approval is there, its stock is not."""
    born = {"id": 900_000_000, "position": 9, "quantity_approved": 5}
    for quantity, rule in (("allocated", "line_allocated_by_allocations"), ("shipped", "line_shipped_by_issues")):
        line, text, pk = copy("orders_orderline", stage.waiting.pk, **born, **{f"quantity_{quantity}": 5})
        decision, more, one = copy("orders_approvalline", stage.goods.approval_lines.get().pk, line_id=900_000_000, approved=5)
        assert refused(f"WITH line AS ({line}) {decision}", text, pk, more, one) == rule


ISSUE = """
WITH m AS (
    INSERT INTO inventory_movement (balance_id, product_id, location_id, kind, quantity, version, reference_order,
                                    reference_line, occurred_at, event_id)
    SELECT id, product_id, location_id, 'issue', -1, version + 1, %(order)s, %(line)s, now(), %(event)s
    FROM inventory_balance WHERE product_id = %(product)s AND location_id = %(location)s RETURNING id, balance_id
), b AS (
    UPDATE inventory_balance SET on_hand = on_hand - 1, version = version + 1 WHERE id = (SELECT balance_id FROM m)
), s AS (
    INSERT INTO orders_shipmentline (shipment_id, order_id, line_id, product_id, allocation_id, quantity, movement_id, posted)
    SELECT shipment_id, order_id, line_id, product_id, allocation_id, 1, m.id, true FROM orders_shipmentline, m
    WHERE orders_shipmentline.id = %(row)s AND %(with_row)s
), a AS (
    UPDATE orders_allocation SET shipped = shipped + 1 WHERE line_id = %(counted)s AND %(allocated)s = 1
)
UPDATE orders_orderline SET quantity_shipped = quantity_shipped + %(shipped)s, quantity_allocated = quantity_allocated - %(allocated)s
WHERE id = %(counted)s
"""


def issue(stage: Stage, **changes: Any) -> str:
    """Who refuses one more unit that leaves LYON, with its movement and balance in order."""
    posted = ShipmentLine.objects.get(line=stage.goods, posted=True)
    parameters: dict[str, Any] = {
        "order": stage.order.pk, "line": stage.goods.pk, "product": stage.goods.product_id, "location": stage.world.lyon,
        "event": Shipment.objects.values_list("event_id", flat=True).first(), "row": posted.pk, "with_row": True,
        "shipped": 1, "allocated": 0, "counted": stage.goods.pk, **changes,
    }  # fmt: skip
    with pytest.raises(DatabaseError) as error, transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(ISSUE, parameters)
        connection.check_constraints()
    return str(error.value.__cause__.diag.constraint_name)


def test_a_second_shipment_row_that_takes_its_line_above_approved_is_refused(stage: Stage) -> None:
    assert issue(stage) == "line_issued_within_approved"
    assert issue(stage, shipped=0) == "line_shipped_by_issues"


def test_goods_leave_only_with_a_shipment_row_and_an_allocation(stage: Stage) -> None:
    assert issue(stage, with_row=False, allocated=1) == "line_shipped_by_issues"
    assert issue(stage, with_row=False, shipped=0) == "line_shipped_by_issues"


def test_no_issue_names_no_line_or_another_orders(stage: Stage) -> None:
    assert issue(stage, line=None, allocated=1) == "movement_issue_names_line"
    assert issue(stage, order=stage.other.pk, allocated=1) == "movement_of_line"
    b = stage.world.products["B"].pk
    assert issue(stage, product=b, allocated=1) == "movement_of_line"


def test_nothing_is_shipped_without_its_issue(stage: Stage) -> None:
    assert line_update(stage.goods, "shipped = 19, delivered = 19, invoiced = 19") in ("line_shipped_by_issues", "line_delivered_by_arrivals")
    waiting = ShipmentLine.objects.get(line=stage.goods, posted=False)
    assert refused("UPDATE orders_shipmentline SET posted = true WHERE id = %s", waiting.pk) == "shipment_line_posted"
    posted = ShipmentLine.objects.get(line=stage.goods, posted=True)
    assert refused("UPDATE orders_shipmentline SET quantity = 21 WHERE id = %s", posted.pk) == "line_shipped_by_issues"
    assert refused("UPDATE orders_shipmentline SET order_id = %s WHERE id = %s", stage.other.pk, posted.pk) == "shipment_of_line"
    twice = "UPDATE orders_shipmentline SET posted = true, movement_id = %s WHERE id = %s"
    assert refused(twice, posted.movement_id, waiting.pk) == "orders_shipmentline_movement_id_key"


def test_what_was_shipped_is_never_unshipped_by_hand(stage: Stage) -> None:
    posted = ShipmentLine.objects.get(line=stage.goods, posted=True)
    assert refused("UPDATE orders_shipmentline SET posted = false WHERE id = %s", posted.pk) == "shipment_line_arrived_posted"
    alone = "UPDATE orders_shipmentline SET posted = false, delivered = 0 WHERE id = %s"
    assert refused(alone, posted.pk) in ("line_shipped_by_issues", "shipment_line_by_arrivals")
    assert refused("DELETE FROM orders_shipmentline WHERE id = %s", posted.pk) in ("line_shipped_by_issues", "arrival_of_line")
    moved = "UPDATE orders_shipmentline SET line_id = %s, order_id = %s WHERE id = %s"
    assert refused(moved, stage.waiting.pk, stage.other.pk, posted.pk) in ("line_shipped_by_issues", "arrival_of_line")


def test_an_allocation_is_never_deleted_from_under_its_line(stage: Stage) -> None:
    sql = "WITH s AS (DELETE FROM orders_shipmentline WHERE line_id = %s) DELETE FROM orders_allocation WHERE line_id = %s"
    assert refused(sql, stage.goods.pk, stage.goods.pk) in (
        "line_allocated_by_allocations", "line_shipped_by_issues", "arrival_of_line",
    )  # fmt: skip


def test_nothing_is_delivered_or_returned_without_its_receipt(stage: Stage) -> None:
    posted = ShipmentLine.objects.get(line=stage.goods, posted=True)
    assert line_update(stage.goods, "delivered = 19") == "line_delivered_by_arrivals"
    assert line_update(stage.goods, "returned = 1") == "line_returned_by_receipts"
    assert line_update(stage.goods, "returned = 21") == "line_returned_within_delivered"
    both = "WITH s AS (UPDATE orders_shipmentline SET returned = 1 WHERE id = %s) UPDATE orders_orderline SET quantity_returned = 1 WHERE id = %s"
    assert refused(both, posted.pk, stage.goods.pk) == "shipment_line_by_arrivals"
    assert refused("UPDATE orders_shipmentline SET delivered = 21 WHERE id = %s", posted.pk) == "shipment_line_arrived_within"


# Status (I28)


@pytest.mark.parametrize("target", ["completed", "discarded", "nonsense"])
def test_a_status_moves_along_the_table_only_also_by_direct_update(stage: Stage, target: str) -> None:
    assert refused("UPDATE orders_order SET status = %s WHERE id = %s", target, stage.other.pk) == "order_status_edge"


def test_nothing_is_approved_or_shipped_back(stage: Stage) -> None:
    for target in ("submitted", "draft", "rejected"):
        assert refused("UPDATE orders_order SET status = %s WHERE id = %s", target, stage.order.pk) == "order_status_edge"
    delivered, released = Shipment.objects.order_by("pk")
    for pk, target in ((delivered.pk, "released"), (delivered.pk, "cancelled"), (released.pk, "delivered"), (released.pk, "x")):
        assert refused("UPDATE orders_shipment SET status = %s WHERE id = %s", target, pk) == "shipment_status_edge"


def test_no_shipment_is_born_shipped(stage: Stage) -> None:
    one = Shipment.objects.order_by("pk").last()
    for status in ("shipped", "delivered", "cancelled"):
        assert refused(*copy("orders_shipment", one.pk, number="SHX", status=status)) == "shipment_status_edge"


def test_a_status_without_its_row_of_history_is_refused(stage: Stage) -> None:
    assert refused("UPDATE orders_order SET status = 'cancelled' WHERE id = %s", stage.other.pk) == "order_status_history"
    for status in ("draft", "submitted", "approved", "completed"):
        born = copy("orders_order", stage.other.pk, number="NEW", external_id="", customer_po="", status=status)
        assert refused(*born) == "order_status_history"


@pytest.mark.parametrize(("source", "target"), [("submitted", "approved"), ("", "submitted"), ("approved", "completed")])
def test_a_row_of_history_without_its_status_is_refused(stage: Stage, source: str, target: str) -> None:
    last = stage.other.transitions.get()
    assert refused(*copy("orders_ordertransition", last.pk, source=source, target=target)) == "order_status_history"


def test_a_history_with_a_hole_is_refused_even_when_it_ends_right(stage: Stage) -> None:
    last = stage.other.transitions.get()
    step, text, pk = copy("orders_ordertransition", last.pk, source="approved", target="cancelled")
    assert refused(f"WITH t AS ({step}) UPDATE orders_order SET status = 'cancelled' WHERE id = %s", text, pk, stage.other.pk) == "order_status_history"


# Who and once (I24, U)


def test_nobody_approves_what_they_entered_submitted_or_amended(stage: Stage) -> None:
    world, approval = stage.world, Approval.objects.get()
    mine = {"order_id": stage.other.pk, "policy_version": None, "entered_by_id": world.partner.pk, "submitted_by_id": world.partner.pk}
    own = copy("orders_approval", approval.pk, **mine, by_id=world.partner.pk)
    assert refused(*own) == "approval_not_own"
    lied = copy("orders_approval", approval.pk, **{**mine, "entered_by_id": world.sales.pk, "submitted_by_id": world.sales.pk}, by_id=world.partner.pk)
    assert refused(*lied) == "approval_actors"
    amended = copy("orders_approval", approval.pk, **mine, by_id=world.approver.pk, amended_by=[7, world.approver.pk])
    assert refused(*amended) == "approval_not_amender"
    nobody = copy("orders_approval", approval.pk, **mine, by_id=None)
    assert refused(*nobody) == "approval_by_one"
    run(*copy("orders_approval", approval.pk, **mine, by_id=world.approver.pk))


@pytest.mark.parametrize("column", ["entered_by_id", "submitted_by_id"])
def test_who_entered_and_submitted_is_not_rewritten_to_approve_ones_own(stage: Stage, column: str) -> None:
    sql = f"UPDATE orders_order SET {column} = %s WHERE id = %s"
    assert refused(sql, stage.world.approver.pk, stage.other.pk) == "order_actors_fixed"


def test_an_external_number_and_a_customers_number_come_once(stage: Stage) -> None:
    again = copy("orders_order", stage.other.pk, number="N2", customer_po="")
    assert refused(*again) == "order_external_once"
    again = copy("orders_order", stage.other.pk, number="N2", external_id="")
    assert refused(*again) == "order_customer_po_once"
    assert refused(*copy("orders_order", stage.other.pk, external_id="", customer_po="")) == "orders_order_number_key"
    run("UPDATE orders_order SET channel = 'file' WHERE id = %s", stage.other.pk)  # a customer's file, whoever brings it
    by_another = {"entered_by_id": stage.world.sales.pk, "submitted_by_id": stage.world.sales.pk}
    assert refused(*copy("orders_order", stage.other.pk, number="N2", customer_po="", **by_another)) == "order_file_once"


def test_an_order_is_submitted_by_somebody_to_an_address_of_its_customer(stage: Stage) -> None:
    assert refused("UPDATE orders_order SET submitted_at = NULL WHERE id = %s", stage.other.pk) == "order_submitted_known"
    assert refused("UPDATE orders_order SET criticality = 5 WHERE id = %s", stage.other.pk) == "order_criticality"
    theirs = make_customer("OTHER", "Other", stage.world.post).addresses.get()
    assert refused("UPDATE orders_order SET ship_to_id = %s WHERE id = %s", theirs.pk, stage.other.pk) == "order_ships_to_customer"


CHANGE = """
WITH kept AS (
    INSERT INTO orders_pricechange (line_id, old_price, old_discount, old_net, old_source, price, discount, net, source, by_id, at, event_id)
    SELECT id, unit_price, discount, net, price_source, %(told)s, discount, net, 'manual:1', %(by)s, now(), (SELECT max(id) FROM oms_event)
    FROM orders_orderline WHERE id = %(line)s
) UPDATE orders_orderline SET unit_price = %(done)s, price_source = 'manual:1' WHERE id = %(line)s AND %(done)s > 0
"""


def change(stage: Stage, line: OrderLine, told: int, done: int) -> tuple[str, dict[str, int]]:
    """A change that is told, and the price that is set (0: none)."""
    return CHANGE, {"told": told, "done": done, "by": stage.world.sales.pk, "line": line.pk}


@pytest.mark.parametrize("term", ["unit_price = 1", "discount = 0.5", "net = 1", "price_source = 'x'"])
def test_a_submitted_price_does_not_move_by_itself(stage: Stage, term: str) -> None:
    for line in (stage.waiting, stage.goods):
        assert refused(f"UPDATE orders_orderline SET {term} WHERE id = %s", line.pk) == "line_price_kept"


def test_a_price_moves_by_one_change_that_keeps_old_and_new(stage: Stage) -> None:
    line = stage.waiting
    assert refused(*change(stage, line, 9, 0)) == "price_change_done"
    assert refused(*change(stage, line, 9, 8)) == "line_price_kept"
    run(*change(stage, line, 9, 9))
    assert refused("UPDATE orders_orderline SET unit_price = 10 WHERE id = %s", line.pk) == "line_price_kept"  # it was for once
    run(*change(stage, line, 10, 10))


def test_what_is_shipped_keeps_its_price_until_its_invoice(stage: Stage) -> None:
    shipment = Shipment.objects.get(order=stage.order, status="released")
    ship(shipment.pk, by=stage.world.warehouse)
    assert refused(*change(stage, stage.goods, 9, 9)) == "line_shipped_keeps_price"


@pytest.mark.parametrize("term", ["tax_rate = 0", "tax_category = 'exempt'", "price_unit = 100", "product_id = (SELECT min(id) FROM inventory_product)"])
def test_product_and_tax_of_a_submitted_line_stay(stage: Stage, term: str) -> None:
    assert refused(f"UPDATE orders_orderline SET {term} WHERE id = %s", stage.freight.pk) == "line_terms_fixed"


def test_the_first_promise_is_made_once(stage: Stage) -> None:
    first = stage.goods.promises.get(kind="first")
    assert refused(*copy("orders_promise", first.pk)) == "promise_first_once"


def test_a_hold_of_a_kind_is_open_once_and_released_by_somebody(stage: Stage) -> None:
    place_hold(stage.other.pk, "look at it", by=stage.world.approver)
    hold = stage.other.holds.get()
    assert refused(*copy("orders_hold", hold.pk)) == "hold_kind_once"
    assert refused("UPDATE orders_hold SET released_at = now() WHERE id = %s", hold.pk) == "hold_release_known"
