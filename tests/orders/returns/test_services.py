"""Returns: over several deliveries, blocked until disposed of, settled once; what must not happen does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum

from inventory.models import Availability, Balance, Movement
from oms.access.services import create_user
from oms.events.models import Event
from oms.events.services import command
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OMSError
from orders.approval.services import Decision, decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.choices import ArrivalKind
from orders.fulfilment.services import arrive, deliver, release, ship
from orders.invoicing.services import complete_orders
from orders.models import (
    Arrival,
    Discrepancy,
    Order,
    OrderLine,
    Return,
    ReturnDisposal,
    ReturnLine,
    ReturnSettlement,
    Shipment,
    ShipmentLine,
)
from orders.returns.services import (
    Allowed,
    Came,
    Disposed,
    Item,
    Settled,
    authorise,
    credit_settled,
    dispose,
    finish_repair,
    inspect,
    receive_return,
    request_return,
    send_return,
    settle,
    withdraw_return,
)
from payments.bank.services import NewBankLine, apply_line, record_bank_line
from payments.models import BankAccount, CreditNote, Invoice
from tests.world import PASSWORD, World, make_customer, open_account

TODAY = date.today


def sold(world: World, quantity: int = 20, sku: str = "A", delivered: bool = True) -> Order:
    """An order of which everything is shipped, and delivered unless told."""
    request = EntryRequest("ACME", (LineRequest(sku, Decimal(quantity)),), "web", po_repeats=True)
    order = Order.objects.get(number=submit(request, by=world.sales).number)
    for shipment in release([order.pk], by=world.manager, early=True):
        ship(shipment, by=world.warehouse)
        if delivered:
            deliver(shipment, TODAY() + timedelta(days=1), "signature", by=world.warehouse)
    return order


def asked(world: World, *items: Item, **more: Any) -> tuple[Return, list[int]]:
    """A return by sales, and its lines."""
    made = request_return("ACME", items, by=world.sales, **more)
    return made, list(made.lines.order_by("pk").values_list("pk", flat=True))


def came(world: World, quantity: int = 8, received: int | None = None, sku: str = "A", wanted: str = "credit") -> tuple[Return, int]:
    """A return of one line, allowed and received."""
    made, (line,) = asked(world, Item(sku, quantity, "damaged", wanted))
    authorise(made.pk, None, by=world.approver)
    receive_return(made.pk, {line: Came(received or quantity)}, by=world.warehouse)
    return made, line


def disposed(world: World, how: Disposed, **more: Any) -> tuple[Return, int]:
    made, line = came(world, **more)
    inspect(made.pk, {line: "damaged"}, by=world.warehouse)
    dispose(made.pk, {line: how}, by=world.warehouse)
    return made, line


def stock(world: World, sku: str = "A") -> tuple[int, int, int, int]:
    """(on hand, allocated, blocked, free) of a product in LYON."""
    b = Balance.objects.get(product=world.products[sku], location_id=world.lyon)
    return b.on_hand, b.allocated, b.blocked, Availability.objects.get(product=world.products[sku], location_id=world.lyon).free[-1]


def refused(error: type[OMSError], what: Callable[[], Any]) -> Any:
    """The refusal; nothing of returns, stock or lines has changed."""
    def picture() -> list[Any]:
        return [list(m.objects.order_by("pk").values()) for m in (Return, ReturnLine, OrderLine, ShipmentLine, Balance, Discrepancy)]

    before = picture()
    with pytest.raises(error) as found:
        what()
    assert picture() == before
    return found.value


def holds() -> None:
    """The sums that commit checks, now."""
    connection.check_constraints()


# Asking


def test_the_latest_delivery_is_taken_first_and_older_ones_after_it(world: World) -> None:
    old, new = sold(world, 10), sold(world, 5)
    made, lines = asked(world, Item("A", 8, "damaged"))
    rows = list(ReturnLine.objects.filter(pk__in=lines).order_by("pk").values_list("order_id", "quantity_requested", "party", "controllable"))
    assert rows == [(new.pk, 5, "carrier", True), (old.pk, 3, "carrier", True)]
    assert made.location_id == world.lyon and made.number.startswith("RT")
    assert OrderLine.objects.filter(quantity_returned__gt=0).count() == 0
    holds()


def test_a_delivery_can_be_named_by_order_or_shipment(world: World) -> None:
    old, _new = sold(world, 10), sold(world, 5)
    number = Shipment.objects.get(order=old).number
    _made, lines = asked(world, Item("A", 2, "unwanted", order=old.number), Item("A", 3, "damaged", shipment=number))
    rows = ReturnLine.objects.filter(pk__in=lines).order_by("pk").values_list("order_id", "quantity_requested", "reason", "controllable")
    assert list(rows) == [(old.pk, 2, "unwanted", False), (old.pk, 3, "damaged", True)]


def test_not_more_may_come_back_than_was_shipped_and_is_not_expected_already(world: World) -> None:
    sold(world, 10)
    asked(world, Item("A", 7, "damaged"))
    error = refused(Conflict, lambda: asked(world, Item("A", 4, "damaged")))
    assert (error.code, error.data["asked"], error.data["available"]) == ("above_returnable", 4, 3)
    withdraw_return(Return.objects.get().pk, "found a use", by=world.sales)
    asked(world, Item("A", 10, "damaged"))
    assert Return.objects.count() == 2


def test_refused_units_may_be_asked_for_again(world: World) -> None:
    sold(world, 10)
    made, (line,) = asked(world, Item("A", 10, "unwanted"))
    assert refused(Invalid, lambda: authorise(made.pk, {line: Allowed(0)}, by=world.approver)).code == "reason_missing"
    authorise(made.pk, {line: Allowed(0, "too late")}, by=world.approver)
    assert ReturnLine.objects.get().status == "refused"
    asked(world, Item("A", 10, "damaged"))


def test_products_reasons_and_quantities_are_named_row_by_row(world: World) -> None:
    sold(world)
    error = refused(Invalid, lambda: asked(world, Item("A", 1, "damaged"), Item("X", 0, "bored", "cake")))
    assert [(e["row"], e["field"]) for e in error.data["errors"]] == [(2, "sku"), (2, "quantity"), (2, "reason"), (2, "wanted")]


def test_a_partner_asks_for_own_deliveries_only(world: World) -> None:
    sold(world)
    other = make_customer("BETA", "Beta", world.post)
    open_account(other, Decimal(1000))
    assert refused(NotFound, lambda: request_return("BETA", [Item("A", 1, "damaged")], by=world.partner)).code == "customer_missing"
    assert request_return("ACME", [Item("A", 1, "damaged")], by=world.partner).requested_by == world.partner


def test_nobody_allows_what_they_asked_for(world: World) -> None:
    sold(world)
    made = request_return("ACME", [Item("A", 1, "damaged")], by=world.manager)
    assert refused(Forbidden, lambda: authorise(made.pk, None, by=world.manager)).code == "own_request"
    assert refused(Forbidden, lambda: authorise(made.pk, None, by=world.sales)).code == "role"
    authorise(made.pk, None, by=world.approver)


def test_less_can_be_allowed_but_not_more(world: World) -> None:
    sold(world)
    made, (line,) = asked(world, Item("A", 6, "damaged"))
    assert refused(Conflict, lambda: authorise(made.pk, {line: Allowed(7)}, by=world.approver)).code == "above_requested"
    authorise(made.pk, {line: Allowed(4)}, by=world.approver)
    row = ReturnLine.objects.get()
    assert (row.status, row.quantity_authorised, row.authorised_by) == ("authorised", 4, world.approver)
    assert refused(Conflict, lambda: authorise(made.pk, {line: Allowed(4)}, by=world.approver)).code == "nothing_requested"


# Receiving


def test_goods_come_in_blocked_and_count_as_returned(world: World) -> None:
    order = sold(world)
    assert stock(world) == (80, 0, 0, 80)
    made, _line = came(world, 8)
    line = order.lines.get()
    assert (line.quantity_shipped, line.quantity_delivered, line.quantity_returned, line.quantity_approved) == (20, 20, 8, 20)
    assert ShipmentLine.objects.get().returned == 8
    assert stock(world) == (88, 0, 8, 80)
    assert Movement.objects.filter(kind="return").values_list("quantity", "blocked", "reference_line").get() == (8, 8, line.pk)
    assert not Discrepancy.objects.exists()
    holds()


def test_a_return_proves_the_delivery_of_what_was_not_confirmed(world: World) -> None:
    order = sold(world, delivered=False)
    assert order.lines.get().quantity_delivered == 0
    came(world, 8)
    line = order.lines.get()
    assert (line.quantity_delivered, line.quantity_returned) == (8, 8)
    assert Arrival.objects.values_list("kind", "quantity", "proof", "day").get() == ("delivered", 8, "return", TODAY())
    shipment = Shipment.objects.get()
    assert shipment.status == "shipped"
    deliver(shipment.pk, TODAY() + timedelta(days=2), "carrier", by=world.warehouse)
    assert list(Arrival.objects.order_by("pk").values_list("quantity", "proof")) == [(8, "return"), (12, "carrier")]
    assert order.lines.get().quantity_delivered == 20
    holds()


def test_everything_returned_on_the_way_makes_the_shipment_delivered(world: World) -> None:
    sold(world, delivered=False)
    came(world, 20)
    assert Shipment.objects.values_list("status", "delivered_date", "delivery_proof").get() == ("delivered", TODAY(), "return")
    holds()


def test_what_comes_beyond_what_is_allowed_is_a_discrepancy_in_blocked_stock(world: World) -> None:
    order = sold(world)
    made, (line,) = asked(world, Item("A", 8, "damaged"))
    authorise(made.pk, {line: Allowed(5)}, by=world.approver)
    receive_return(made.pk, {line: Came(9)}, by=world.warehouse)
    row = ReturnLine.objects.get()
    assert (row.quantity_received, order.lines.get().quantity_returned) == (5, 5)
    found = Discrepancy.objects.get()
    assert (found.kind, found.quantity, found.cleared, found.order) == ("unannounced_return", 4, 0, order)
    assert stock(world) == (89, 0, 9, 80)
    assert Movement.objects.get(kind="unannounced_return").reference_line is None
    holds()


def test_what_was_not_shipped_to_stay_is_never_returned(world: World) -> None:
    """The goods were found undelivered after the return was allowed."""
    order = sold(world, delivered=False)
    made, (line,) = asked(world, Item("A", 20, "damaged"))
    authorise(made.pk, None, by=world.approver)
    with command("test", by=world.system) as cmd:
        source = ShipmentLine.objects.select_related("shipment").get()
        arrive(source.shipment, [(source, 15)], ArrivalKind.UNDELIVERED, TODAY(), "carrier", cmd.event("x", []))
    receive_return(made.pk, {line: Came(20)}, by=world.warehouse)
    sums = order.lines.get()
    assert (sums.quantity_delivered, sums.quantity_undelivered, sums.quantity_returned) == (5, 15, 5)
    assert Discrepancy.objects.get().quantity == 15
    holds()


def test_goods_come_in_parts_until_they_are_inspected(world: World) -> None:
    order = sold(world)
    made, (line,) = asked(world, Item("A", 8, "damaged"))
    authorise(made.pk, None, by=world.approver)
    send_return(made.pk, by=world.partner, tracking_number="RX1")
    assert ReturnLine.objects.get().status == "in_transit"
    receive_return(made.pk, {line: Came(3)}, by=world.warehouse)
    receive_return(made.pk, {line: Came(5, bin="R1")}, by=world.warehouse)
    assert (order.lines.get().quantity_returned, Return.objects.get().tracking_number) == (8, "RX1")
    assert list(Balance.objects.filter(blocked__gt=0).order_by("bin").values_list("bin", "blocked")) == [("", 3), ("R1", 5)]
    inspect(made.pk, {line: "opened"}, by=world.warehouse)
    assert refused(Conflict, lambda: receive_return(made.pk, {line: Came(1)}, by=world.warehouse)).code == "not_receivable"
    dispose(made.pk, {line: Disposed(restock=4, scrap=4)}, by=world.warehouse)
    rows = ReturnDisposal.objects.order_by("pk").values_list("kind", "balance__bin", "quantity")
    assert list(rows) == [("restock", "", 3), ("restock", "R1", 1), ("scrap", "R1", 4)]
    holds()


def test_goods_not_allowed_are_not_received_by_their_return(world: World) -> None:
    sold(world)
    made, (line,) = asked(world, Item("A", 8, "damaged"))
    assert refused(Conflict, lambda: receive_return(made.pk, {line: Came(8)}, by=world.warehouse)).code == "not_receivable"
    assert stock(world) == (80, 0, 0, 80)


def test_staff_of_another_location_do_not_receive(world: World) -> None:
    sold(world)
    made, (line,) = asked(world, Item("A", 8, "damaged"))
    authorise(made.pk, None, by=world.approver)
    other = create_user("walter", by=world.system, password=PASSWORD, roles=["warehouse"], email="w@example.com")
    assert refused(Forbidden, lambda: receive_return(made.pk, {line: Came(8)}, by=other)).code == "other_location"


# Where it goes


def test_restocked_units_are_free_and_scrapped_ones_gone(world: World) -> None:
    sold(world)
    made, line = disposed(world, Disposed(restock=5, repair=2, scrap=1), quantity=8)
    assert stock(world) == (87, 0, 2, 85)
    row = ReturnLine.objects.get()
    assert (row.quantity_restocked, row.quantity_repair, row.quantity_scrapped, row.status) == (5, 2, 1, "dispositioned")
    assert refused(Conflict, lambda: dispose(made.pk, {line: Disposed(restock=8)}, by=world.warehouse)).code == "illegal_transition"
    finish_repair(line, 1, 1, by=world.warehouse)
    assert stock(world) == (86, 0, 0, 86)
    assert refused(Conflict, lambda: finish_repair(line, 1, 0, by=world.warehouse)).code == "above_repair"
    sums = dict(ReturnDisposal.objects.values_list("kind").annotate(n=Sum("quantity")))
    assert sums == {"restock": 6, "scrap": 2, "repair": 0}
    holds()


def test_goods_are_disposed_of_once_and_wholly(world: World) -> None:
    sold(world)
    made, line = came(world, 8)
    inspect(made.pk, {line: "as_new"}, by=world.warehouse)
    error = refused(Invalid, lambda: dispose(made.pk, {line: Disposed(restock=7)}, by=world.warehouse))
    assert (error.code, error.data["received"]) == ("not_all_disposed", 8)
    dispose(made.pk, {line: Disposed(restock=8)}, by=world.warehouse)
    refused(Conflict, lambda: dispose(made.pk, {line: Disposed(restock=8)}, by=world.warehouse))
    assert stock(world) == (88, 0, 0, 88)
    assert Movement.objects.filter(kind="unblock").count() == 1


# What the customer gets


def test_credit_is_told_once_at_the_original_price_less_the_fee(world: World) -> None:
    order = sold(world)
    made, line = disposed(world, Disposed(restock=8), quantity=8)
    assert refused(Forbidden, lambda: settle(made.pk, {line: Settled("credit")}, by=world.manager)).code == "role"
    error = refused(Invalid, lambda: settle(made.pk, {line: Settled("credit", Decimal("80.01"))}, by=world.finance))
    assert (error.code, error.data["most"]) == ("fee_invalid", Decimal("80.00"))
    settle(made.pk, {line: Settled("credit", Decimal("12.00"))}, by=world.finance)
    found = ReturnSettlement.objects.get()
    assert (found.kind, found.quantity, found.net, found.fee, found.replacement) == ("credit", 8, Decimal("80.00"), Decimal("12.00"), None)
    told = Event.objects.get(name="return.settled").data["lines"]
    assert [(x["line"], x["quantity"], x["kind"], x["net"], x["fee"]) for x in told] == [(order.lines.get().pk, 8, "credit", "80.00", "12.00")]
    refused(Conflict, lambda: settle(made.pk, {line: Settled("credit")}, by=world.finance))
    assert order.lines.get().quantity_approved == 20  # room to issue is not given back
    holds()


def test_a_replacement_is_a_line_of_its_own_with_its_own_approval_and_the_old_rank(world: World) -> None:
    order = sold(world)
    OrderLine.objects.filter(order=order).update(rank_date=date(2024, 5, 6))
    made, line = disposed(world, Disposed(scrap=8), quantity=8, wanted="replace")
    settle(made.pk, {line: Settled("replace")}, by=world.finance)
    new = order.lines.get(kind="replacement")
    assert (new.quantity_ordered, new.quantity_approved, new.rank_date, new.unit_price, new.net) == (8, 0, date(2024, 5, 6), 0, 0)
    assert (new.product, new.price_source, new.position) == (world.products["A"], f"replacement:{made.number}", 2)
    assert ReturnSettlement.objects.get().replacement == new
    order.refresh_from_db()
    assert order.undecided_since is not None and world.finance.pk in order.amended_by
    assert release([order.pk], by=world.manager, early=True) == []  # nothing leaves before the approval
    decide(order.pk, {new.pk: Decision(8)}, by=world.approver)
    (shipment,) = release([order.pk], by=world.manager, early=True)
    ship(shipment, by=world.warehouse)
    assert order.lines.get(pk=new.pk).quantity_shipped == 8
    assert order.lines.get(position=1).quantity_approved == 20
    holds()


def test_a_replacement_opens_a_completed_order_again(world: World) -> None:
    order = sold(world)
    drain_all()
    bank = BankAccount.objects.create(name="Main", iban="FR7630006000011234567890189", currency_id="EUR")
    invoice = Invoice.objects.get()
    paid = record_bank_line(bank.pk, NewBankLine(TODAY(), TODAY(), invoice.total, text=invoice.number), by=world.finance)
    apply_line(paid, world.customer.pk, {invoice.pk: invoice.total}, by=world.finance)
    complete_orders([order.pk], by=world.system)
    order.refresh_from_db()
    assert order.status == "completed"
    made, line = disposed(world, Disposed(restock=8), quantity=8)
    settle(made.pk, {line: Settled("replace")}, by=world.finance)
    order.refresh_from_db()
    assert order.status == "approved"


# The money


def test_the_credit_note_is_the_original_price_and_tax_less_the_fee_once(world: World) -> None:
    sold(world)
    drain_all()
    invoice = Invoice.objects.get()
    made, line = disposed(world, Disposed(restock=8), quantity=8)
    settle(made.pk, {line: Settled("credit", Decimal("12.00"))}, by=world.finance)
    drain_all()
    note = CreditNote.objects.get()
    assert (note.kind, note.net, note.tax, note.total, note.invoice) == ("credit", Decimal("68.00"), Decimal("13.60"), Decimal("81.60"), invoice)
    assert credit_settled(made.pk, by=world.system) == []
    assert CreditNote.objects.count() == 1
    invoice.refresh_from_db()
    assert invoice.open_amount == Decimal("240.00") - Decimal("81.60")
    assert OrderLine.objects.get().quantity_invoiced == 20  # credit notes of returns never lower it
    holds()


def test_the_rest_returned_later_is_credited_without_the_fee_kept_before(world: World) -> None:
    sold(world)
    drain_all()
    for units, fee in ((8, "12.00"), (12, "0")):
        made, line = disposed(world, Disposed(restock=units), quantity=units)
        settle(made.pk, {line: Settled("credit", Decimal(fee))}, by=world.finance)
    drain_all()
    assert sorted(CreditNote.objects.values_list("net", flat=True)) == [Decimal("68.00"), Decimal("120.00")]
    assert Invoice.objects.get().noted == Decimal("225.60")


def test_goods_that_are_not_invoiced_are_credited_when_they_are(world: World) -> None:
    order = sold(world)
    made, line = disposed(world, Disposed(restock=8), quantity=8)
    settle(made.pk, {line: Settled("refund")}, by=world.finance)
    with pytest.raises(Conflict) as error:
        credit_settled(made.pk, by=world.system)
    assert error.value.code == "not_invoiced" and not CreditNote.objects.exists()
    drain_all()
    drain_all()
    assert CreditNote.objects.get().net == Decimal("80.00")
    assert CreditNote.objects.get().invoice.order_id == order.pk


def test_a_fee_of_all_and_a_replacement_make_no_credit_note(world: World) -> None:
    sold(world)
    drain_all()
    for kind, fee in (("credit", "50.00"), ("replace", "0")):
        made, line = disposed(world, Disposed(restock=5), quantity=5)
        settle(made.pk, {line: Settled(kind, Decimal(fee))}, by=world.finance)
    drain_all()
    assert not CreditNote.objects.exists()
