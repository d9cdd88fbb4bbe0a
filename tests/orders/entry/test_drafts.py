"""Drafts take nothing, are saved by version, become orders in place, and are copied from any order."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from inventory.models import Availability
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Stale
from orders.approval.services import Decision, decide
from orders.entry.domain import ChargeRequest, EntryRequest, LineRequest
from orders.entry.services import copy, discard, quote, recall, save_draft, submit
from orders.models import Draft, Order, OrderLine, ScheduleLine
from payments.models import CreditAccount
from tests.world import World

TYPED = {"customer": "ACME", "lines-1-product": "A", "lines-1-quantity": "30", "lines-2-product": "B", "csrfmiddlewaretoken": "x"}


def request(*lines: tuple[str, int], **more: object) -> EntryRequest:
    """An order of ACME from the web form."""
    return EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", **more)  # type: ignore[arg-type]


def taken(world: World) -> tuple[list[list[int]], Decimal, int]:
    """(free A by location, reserved credit, live schedule lines): what a draft must not touch."""
    cells = Availability.objects.filter(product=world.products["A"]).order_by("location_id")
    return [c.free for c in cells], CreditAccount.objects.get().reserved, ScheduleLine.objects.count()


def test_a_draft_keeps_what_was_typed_and_takes_nothing(world: World) -> None:
    order = save_draft(TYPED, by=world.sales)
    assert (order.status, order.version, order.total, order.lines.count()) == ("draft", 1, Decimal(0), 0)
    assert order.draft.content == {k: v for k, v in TYPED.items() if k != "csrfmiddlewaretoken"}
    assert taken(world) == ([[100], [50]], Decimal(0), 0)
    assert list(order.transitions.values_list("source", "target")) == [("", "draft")]


def test_saving_goes_on_from_the_version_read_and_a_second_person_is_told_who_was_first(world: World) -> None:
    order = save_draft(TYPED, by=world.sales)
    again = save_draft({**TYPED, "instructions": "Gate 3"}, by=world.manager, number=order.number, version=1)
    assert (again.pk, again.version, again.instructions) == (order.pk, 2, "Gate 3")
    with pytest.raises(Stale) as refused:
        save_draft({**TYPED, "instructions": "Gate 9"}, by=world.sales, number=order.number, version=1)
    assert refused.value.status == 412 and refused.value.data["version"] == 2 and "Manager" in str(refused.value)
    assert Draft.objects.get().content["instructions"] == "Gate 3"


def test_a_draft_needs_a_customer_one_may_see(world: World) -> None:
    for fields, error in (({}, Invalid), ({"customer": "NOBODY"}, NotFound)):
        with pytest.raises(error):
            save_draft(fields, by=world.sales)
    with pytest.raises(Forbidden):
        save_draft(TYPED, by=world.finance)
    assert Order.objects.count() == 0


def test_a_draft_becomes_the_order_under_its_own_number(world: World) -> None:
    draft = save_draft(TYPED, by=world.sales)
    answer = submit(request(("A", 30), draft=draft.number, draft_version=1), by=world.manager)
    order = Order.objects.get()
    assert (answer.number, answer.order_id) == (draft.number, draft.pk)
    assert (order.status, order.entered_by, order.submitted_by) == ("approved", world.sales, world.manager)
    assert list(order.transitions.order_by("pk").values_list("source", "target")) == [
        ("", "draft"), ("draft", "submitted"), ("submitted", "approved")]  # fmt: skip
    assert taken(world) == ([[70], [50]], Decimal(360), 1)
    assert Draft.objects.count() == 0
    connection.check_constraints()


def test_a_draft_saved_meanwhile_is_not_submitted(world: World) -> None:
    draft = save_draft(TYPED, by=world.sales)
    save_draft(TYPED, by=world.manager, number=draft.number, version=1)
    with pytest.raises(Stale):
        submit(request(("A", 30), draft=draft.number, draft_version=1), by=world.sales)
    assert Order.objects.get().status == "draft" and taken(world) == ([[100], [50]], Decimal(0), 0)
    submit(request(("A", 30), draft=draft.number, draft_version=2), by=world.sales)
    with pytest.raises(Conflict) as refused:
        submit(request(("A", 30), draft=draft.number, draft_version=2), by=world.sales)
    assert refused.value.code == "not_a_draft" and OrderLine.objects.count() == 1


def test_discarded_is_final_and_keeps_its_number(world: World) -> None:
    draft = save_draft(TYPED, by=world.sales)
    discard(draft.number, by=world.sales)
    assert (Order.objects.get().status, Draft.objects.count()) == ("discarded", 0)
    with pytest.raises(Conflict) as refused:
        discard(draft.number, by=world.sales)
    assert refused.value.code == "illegal_transition"


def test_a_recalled_order_comes_back_with_its_lines_and_is_entered_again_in_place(world: World) -> None:
    first = submit(request(("A", 90), ("B", 2), charges=(ChargeRequest("Freight", Decimal("8.50")),)), by=world.sales)
    order = Order.objects.get(number=first.number)
    b = order.lines.get(product__sku="B")
    recall(order.pk, by=world.sales)
    content = Draft.objects.get().content
    assert content["lines-1-product"] == "A" and content["lines-1-quantity"] == "90" and content["freight"] == "8.5"
    assert taken(world)[:2] == ([[100], [50]], Decimal(0))
    order.refresh_from_db()
    lines = (LineRequest("B", Decimal(3)), LineRequest("C", Decimal(1)))
    submit(EntryRequest("ACME", lines, "web", draft=order.number, draft_version=order.version), by=world.sales)
    rows = order.lines.order_by("position").values_list("product__sku", "quantity_ordered", "quantity_cancelled", "position")
    assert list(rows) == [("A", 90, 90, 1), ("B", 3, 0, 2), (None, 1, 1, 3), ("C", 1, 0, 4)]
    assert order.lines.get(product__sku="B").pk == b.pk
    order.refresh_from_db()
    assert (order.status, order.net, CreditAccount.objects.get().reserved) == ("approved", Decimal(90), Decimal(108))
    connection.check_constraints()


def test_a_rejected_order_is_copied_at_todays_prices(world: World) -> None:
    number = submit(EntryRequest("ACME", (LineRequest("B", Decimal("20"), unit="case", price=Decimal(18), reason="loyal"),),
                                 "phone", instructions="Gate 3"), by=world.sales).number
    order = Order.objects.get(number=number)
    decide(order.pk, {order.lines.get().pk: Decision(0, 100, "no_stock")}, by=world.manager)
    assert Order.objects.get(number=number).status == "rejected"
    made = copy(number, by=world.sales)
    assert (made.status, made.draft.content) == ("draft", {
        "customer": "ACME", "ship_to": "MAIN", "shortage_rule": "backorder", "channel": "phone", "instructions": "Gate 3",
        "lines-1-product": "B", "lines-1-quantity": "20", "lines-1-unit": "case",
    })  # fmt: skip
    assert quote(request(("B", 1)), by=world.sales).lines[0].unit_price == 20
    with pytest.raises(NotFound):
        copy("SO9999999", by=world.sales)
