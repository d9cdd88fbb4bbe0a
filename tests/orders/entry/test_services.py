"""Entering orders: the hint is the commit, and a constant number of statements."""

from __future__ import annotations

import uuid
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inventory.models import Availability
from oms.accounts.selectors import Principal
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unprocessable
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import Key, Replayed, quote, submit
from orders.models import Hold, Order, OrderLine, Promise, ScheduleLine
from payments.models import CreditAccount
from tests.world import World


def request(*lines: tuple[str, int], **more: object) -> EntryRequest:
    """An order of ACME over the API."""
    return EntryRequest(customer="ACME", lines=tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), channel="api", **more)  # type: ignore[arg-type]


def free(world: World, sku: str) -> list[list[int]]:
    """Free quantities of all cells of a product, by location."""
    cells = Availability.objects.filter(product=world.products[sku]).order_by("location_id")
    return [cell.free for cell in cells]


def test_a_small_order_is_approved_by_the_policy_and_takes_stock_and_credit(world: World) -> None:
    answer = submit(request(("A", 30)), by=world.sales)
    order = Order.objects.get(number=answer.number)
    line = order.lines.get()
    assert (order.status, order.total, line.quantity_approved) == ("approved", Decimal(360), 30)
    assert free(world, "A") == [[70], [50]]
    assert CreditAccount.objects.get().reserved == Decimal(360)
    assert [p.kind for p in Promise.objects.filter(line=line).order_by("pk")] == ["quoted", "first"]
    assert list(order.transitions.order_by("pk").values_list("source", "target")) == [("", "submitted"), ("submitted", "approved")]
    assert [s.quantity for s in ScheduleLine.objects.filter(line=line)] == [30]


def test_a_large_order_waits_and_claims(world: World) -> None:
    answer = submit(request(("A", 90)), by=world.sales)
    order = Order.objects.get(number=answer.number)
    assert (order.status, answer.approval, order.lines.get().quantity_approved) == ("submitted", "approver", 0)
    assert ScheduleLine.objects.get().kind == "claim"
    assert order.claim_expires_at is not None


def test_the_quote_writes_nothing_and_is_what_submit_answers(world: World) -> None:
    shown = quote(request(("A", 120), ("C", 10)), by=world.sales)
    assert Order.objects.count() == 0 and free(world, "A") == [[100], [50]]
    done = submit(request(("A", 120), ("C", 10), shown=shown.shown()), by=world.sales)
    assert done.shown() == shown.shown()
    assert shown.lines[1].source == "receipt"


def test_a_worse_commit_is_refused_with_both_answers_and_nothing_is_saved(world: World) -> None:
    shown = quote(request(("B", 10)), by=world.sales).shown()
    submit(request(("B", 6)), by=world.sales)
    with pytest.raises(Conflict) as refused:
        submit(request(("B", 10), shown=shown), by=world.sales)
    assert refused.value.code == "promise_changed"
    assert refused.value.data["now"]["lines"][0]["promised"] == 4
    assert Order.objects.count() == 1 and free(world, "B") == [[4]]
    accepted = submit(request(("B", 10), shown=shown, accept_changes=True), by=world.sales)
    assert accepted.lines[0].promised == 4


def test_more_than_there_is_is_backordered_cancelled_or_refused(world: World) -> None:
    with pytest.raises(Conflict) as refused:
        submit(request(("B", 12), shortage_rule="refuse"), by=world.sales)
    assert refused.value.code == "shortage" and Order.objects.count() == 0
    cut = submit(request(("B", 8), ("A", 1), shortage_rule="cancel"), by=world.sales)
    assert cut.total == Decimal("204.00")
    rest = submit(request(("B", 12)), by=world.sales)
    line = OrderLine.objects.get(order__number=rest.number)
    assert (line.quantity_ordered, line.quantity_cancelled, rest.lines[0].promised) == (12, 0, 2)


def test_over_the_limit_the_order_is_held_and_reserves_nothing(world: World) -> None:
    world.account.limit = Decimal(100)
    world.account.save()
    answer = submit(request(("A", 30)), by=world.sales)
    hold = Hold.objects.get(order__number=answer.number)
    assert (hold.kind, hold.code, hold.amount) == ("credit", "credit_limit", Decimal(360))
    assert answer.status == "submitted"
    assert CreditAccount.objects.get().reserved == 0


def test_without_a_tax_rule_the_order_is_held_never_taxed_at_zero(world: World) -> None:
    world.customer.tax_status = "export"
    world.customer.save()
    answer = submit(request(("A", 1)), by=world.sales)
    assert [(h.kind, h.code) for h in answer.holds] == [("data", "no_tax_rule")]


def test_bad_lines_are_all_named_at_once(world: World) -> None:
    with pytest.raises(Invalid) as refused:
        submit(EntryRequest("ACME", (LineRequest("X", Decimal(1)), LineRequest("A", Decimal("1.5")),
                                     LineRequest("A", Decimal(1), unit="case")), "web"), by=world.sales)
    assert [e["code"] for e in refused.value.data["errors"]] == ["unknown_sku", "quantity_not_whole", "unknown_unit"]
    assert Order.objects.count() == 0


def test_units_are_converted_exactly(world: World) -> None:
    submit(EntryRequest("ACME", (LineRequest("B", Decimal("1.2"), unit="case"),), "web"), by=world.sales)
    line = OrderLine.objects.get()
    assert (line.quantity_ordered, line.entered_quantity, line.entered_unit) == (6, Decimal("1.2"), "case")


def test_charges_are_taxed_and_invoiced_with_the_goods(world: World) -> None:
    answer = submit(request(("A", 1), charges=(ChargeRequest("Freight", Decimal("5.00")),)), by=world.sales)
    assert (answer.net, answer.tax, answer.total) == (Decimal("15.00"), Decimal("3.00"), Decimal("18.00"))


def test_a_price_by_hand_needs_a_reason_and_below_the_floor_a_hold(world: World) -> None:
    with pytest.raises(Invalid):
        submit(EntryRequest("ACME", (LineRequest("A", Decimal(1), price=Decimal(5)),), "web"), by=world.sales)
    answer = submit(EntryRequest("ACME", (LineRequest("A", Decimal(1), price=Decimal(5), reason="match"),), "web"), by=world.sales)
    assert [h.code for h in answer.holds] == ["margin_floor"]


def test_strangers_and_other_territories_do_not_find_the_customer(world: World) -> None:
    with pytest.raises(NotFound):
        submit(EntryRequest("NOBODY", (LineRequest("A", Decimal(1)),), "web"), by=world.sales)
    with pytest.raises(Forbidden):
        submit(request(("A", 1)), by=world.finance)
    assert Order.objects.count() == 0


def test_the_same_key_and_body_answers_again_another_body_is_refused(world: World) -> None:
    key = Key(str(uuid.uuid4()), b"1" * 32, lambda answer: answer.number.encode())
    number = submit(request(("A", 1)), by=world.partner, key=key).number
    with pytest.raises(Replayed) as again:
        submit(request(("A", 1)), by=world.partner, key=key)
    assert (again.value.status, again.value.body) == (201, number.encode())
    with pytest.raises(Unprocessable) as refused:
        submit(request(("A", 2)), by=world.partner, key=replace(key, body_hash=b"2" * 32))
    assert refused.value.code == "idempotency_mismatch"
    assert Order.objects.count() == 1


def test_external_ids_and_customer_numbers_come_once(world: World) -> None:
    submit(request(("A", 1), external_id="X1", customer_po="PO1"), by=world.partner)
    for again, code in (({"external_id": "X1"}, "duplicate_external_id"), ({"customer_po": "PO1"}, "duplicate_customer_po")):
        with pytest.raises(Conflict) as refused:
            submit(request(("A", 1), **again), by=world.partner)
        assert refused.value.code == code
    assert Order.objects.count() == 1


@pytest.mark.parametrize("count", [1, 5, 100])
def test_an_order_costs_the_same_statements_for_1_5_and_100_lines(world: World, count: int) -> None:
    """GOALS.md: at most 12, everything but BEGIN and COMMIT (here a savepoint's pair), with the key's own look-up."""
    by = Principal(world.partner.pk, "partner", ("partner",), frozenset({"orders"}), True)
    key = Key(str(uuid.uuid4()), b"1" * 32, lambda answer: b"{}")
    submit(request(("A", 1)), by=by, key=replace(key, value="warm"))
    lines = [("A" if i % 2 else "B", 1) for i in range(count)] if count < 20 else [("A", 1)] * count
    with CaptureQueriesContext(connection) as captured:
        answer = submit(request(*lines), by=by, key=key)
    statements = [q["sql"] for q in captured if "SAVEPOINT" not in q["sql"]]
    assert answer.status == ("approved" if count < 20 else "submitted")
    assert len(statements) + 1 <= 12
