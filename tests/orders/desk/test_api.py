"""What a partner's machine changes: orders cancelled, amended as read, many at once; returns, cases, prices. Each once a key, each its own."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import CustomerUser
from inventory.models import Availability
from oms.access.services import create_partner_key, create_user
from oms.events.models import Event
from oms.events.tasks import drain_all
from orders.fulfilment.services import deliver, release, ship
from orders.models import Case, CaseMessage, Order, Price, PriceList, Return
from orders.returns.services import authorise
from orders.service.services import say
from tests.world import LONG_AGO, World, make_customer, open_account


class Machine:
    """A partner's client: every write under a key of its own unless one is given."""

    def __init__(self, user: Any, by: Any) -> None:
        _row, secret = create_partner_key(user.pk, "test", ["orders"], by=by)
        self.client, self.n = Client(headers={"Authorization": f"Bearer {secret}"}), 0

    def get(self, name: str, *args: Any, **data: Any) -> Any:
        return self.client.get(reverse(f"api:{name}", args=args), data)

    def post(self, url_name: str, *args: Any, key: str = "", headers: dict[str, str] | None = None, **body: Any) -> Any:
        self.n += 1
        sent = {"Idempotency-Key": key or f"k{self.n}"} | (headers or {})
        return self.client.post(reverse(f"api:{url_name}", args=args), json.dumps(body), content_type="application/json", headers=sent)

    def order(self, sku: str = "A", quantity: int = 10, **more: Any) -> str:
        answer = self.post("order-list", lines=[{"sku": sku, "quantity": quantity}], **more)
        assert answer.status_code == 201, answer.content
        return str(answer.json()["number"])


@pytest.fixture
def machine(world: World) -> Machine:
    return Machine(world.partner, world.system)


@pytest.fixture
def stranger(world: World) -> Machine:
    """Another customer's partner."""
    other = make_customer("BETA", "Beta Works", world.post)
    open_account(other, Decimal(5_000))
    user = create_user("beta", by=world.system, roles=["partner"])
    CustomerUser.objects.create(user=user, customer=other)
    return Machine(user, world.system)


def free(world: World) -> int:
    return int(Availability.objects.get(product=world.products["A"], location_id=world.lyon).free[-1])


# Cancel and reopen


def test_an_order_is_cancelled_once_a_key(world: World, machine: Machine, stranger: Machine) -> None:
    number = machine.order()
    assert free(world) == 90
    assert stranger.post("order-cancel", number, reason="ours now").status_code == 404
    done = machine.post("order-cancel", number, key="c1", reason="ordered twice")
    assert (done.status_code, done.json()["status"], free(world)) == (200, "cancelled", 100)
    again = machine.post("order-cancel", number, key="c1", reason="ordered twice")
    assert again.content == done.content and again["Idempotent-Replayed"] == "true"
    assert machine.post("order-cancel", number, key="c1", reason="another body").status_code == 422
    refused = machine.post("order-cancel", number, reason="once more")
    assert (refused.status_code, refused.json()["code"]) == (409, "illegal_transition")
    assert Event.objects.filter(name="order.cancelled").count() == 1


def test_a_refused_body_is_refused_again_and_a_moment_is_not_kept(world: World, machine: Machine) -> None:
    number = machine.order()
    first = machine.post("order-cancel", number, key="c1", reason=" ")
    assert (first.status_code, first.json()["code"]) == (400, "reason_missing")
    again = machine.post("order-cancel", number, key="c1", reason=" ")
    assert (again.status_code, again["Content-Type"], again["Idempotent-Replayed"]) == (400, "application/problem+json", "true")
    release([Order.objects.get().pk], by=world.manager)
    ship(Order.objects.get().shipments.get().pk, by=world.warehouse)
    assert machine.post("order-cancel", number, key="c2", reason="late").json()["code"] == "shipped"
    assert machine.client.post(reverse("api:order-cancel", args=[number]), "{}", content_type="application/json").json()["code"] == "malformed"
    nokey = machine.client.post(reverse("api:order-cancel", args=[number]), '{"reason":"x"}', content_type="application/json")
    assert nokey.json()["code"] == "idempotency_key_missing"


def test_the_rest_of_a_partly_shipped_order_is_cancelled(world: World, machine: Machine) -> None:
    number = machine.order(quantity=30)
    order = Order.objects.get(number=number)
    (shipment,) = release([order.pk], by=world.manager)
    line = order.shipments.get().lines.get().pk
    ship(shipment, {line: 12}, by=world.warehouse)
    done = machine.post("order-cancel", number, reason="enough", rest=True).json()
    assert (done["lines"][0]["quantity_cancelled"], done["lines"][0]["quantity_shipped"]) == (18, 12)


def test_only_who_may_opens_again(world: World, machine: Machine) -> None:
    number = machine.order()
    refused = machine.post("order-reopen", number, reason="more")
    assert refused.status_code == 403
    boss = Machine(world.manager, world.system)
    assert boss.post("order-reopen", number, reason="more").json()["code"] == "illegal_transition"


# Amend


def test_an_order_is_amended_as_it_was_read(world: World, machine: Machine) -> None:
    number = machine.order(quantity=10)
    etag = machine.get("order-detail", number)["ETag"]
    change = {"reason": "fewer", "lines": [{"position": 1, "quantity": 4}], "added": [{"sku": "B", "quantity": 2}]}
    assert machine.post("order-amend", number, **change).json()["code"] == "if_match_missing"
    done = machine.post("order-amend", number, key="a1", headers={"If-Match": etag}, **change)
    assert done.status_code == 200 and done["ETag"] != etag
    assert [(x["sku"], x["quantity_ordered"] - x["quantity_cancelled"]) for x in done.json()["lines"]] == [("A", 4), ("B", 2)]
    again = machine.post("order-amend", number, key="a1", headers={"If-Match": etag}, **change)
    assert again.content == done.content and Event.objects.filter(name="order.amended").count() == 1
    stale = machine.post("order-amend", number, headers={"If-Match": etag}, reason="x", lines=[{"position": 1, "quantity": 3}])
    assert (stale.status_code, stale.json()["code"]) == (412, "order_changed")


@pytest.mark.parametrize(("body", "code"), [
    ({"lines": [{"position": 9, "quantity": 1}]}, "unknown_line"), ({"lines": [{"position": 1, "quantity": 1}, {"position": 1, "quantity": 2}]}, "line_twice"),
    ({"lines": [{"position": 1, "quantity": -1}]}, "bad_number"), ({"lines": [{"position": 1, "prize": 1}]}, "malformed"), ({"ship_to": "x" * 21}, "too_long"),
    ({"added": [{"sku": "A\x00", "quantity": 1}]}, "bad_character"), ({"lines": [{"position": 1, "quantity": 10**15}]}, "bad_number"),
])  # fmt: skip
def test_what_is_no_amendment_is_refused(world: World, machine: Machine, body: dict[str, Any], code: str) -> None:
    number = machine.order()
    etag = machine.get("order-detail", number)["ETag"]
    answer = machine.post("order-amend", number, headers={"If-Match": etag}, reason="x", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


# Many at once


def test_each_of_many_orders_stands_or_falls_alone(world: World, machine: Machine) -> None:
    good, unknown, broken = {"lines": [{"sku": "A", "quantity": 5}]}, {"lines": [{"sku": "NONE", "quantity": 5}]}, {"lines": 7}
    sent = {"orders": [good, unknown, broken, good]}
    results = machine.post("order-bulk", key="b1", **sent).json()["results"]
    assert [r["status"] for r in results] == [201, 400, 400, 201]
    assert [r["body"].get("code") for r in results] == [None, "invalid_lines", "malformed", None]
    assert (Order.objects.count(), free(world)) == (2, 90)
    again = machine.post("order-bulk", key="b1", **sent).json()["results"]
    assert [r["body"]["number"] for r in again if r["status"] == 201] == [r["body"]["number"] for r in results if r["status"] == 201]
    assert Order.objects.count() == 2
    assert machine.post("order-bulk", orders=[]).json()["code"] == machine.post("order-bulk", orders=[good] * 51).json()["code"] == "too_many_orders"


# Returns


def delivered(world: World, machine: Machine, quantity: int = 10) -> str:
    number = machine.order(quantity=quantity)
    (shipment,) = release([Order.objects.get(number=number).pk], by=world.manager)
    ship(shipment, by=world.warehouse)
    deliver(shipment, date.today(), "signature", by=world.warehouse)
    return number


def test_a_return_is_asked_for_allowed_and_sent(world: World, machine: Machine, stranger: Machine) -> None:
    order = delivered(world, machine)
    items = [{"sku": "A", "quantity": 3, "reason": "damaged", "order": order}]
    made = machine.post("return-list", key="r1", customer="ACME", items=items)
    assert (made.status_code, made.json()["lines"][0]["status"]) == (201, "requested")
    assert machine.post("return-list", key="r1", customer="ACME", items=items).content == made.content and Return.objects.count() == 1
    number = made.json()["number"]
    assert machine.post("return-send", number).json()["code"] == "nothing_authorised"
    authorise(Return.objects.get().pk, None, by=world.approver)
    sent = machine.post("return-send", number, tracking_number="T9").json()
    assert (sent["tracking_number"], sent["lines"][0]["status"], sent["lines"][0]["quantity_authorised"]) == ("T9", "in_transit", 3)
    assert [r["number"] for r in machine.get("return-list", order=order).json()["results"]] == [number]
    assert stranger.get("return-detail", number).status_code == 404 and stranger.get("return-list").json()["results"] == []
    assert stranger.post("return-withdraw", number, reason="x").status_code == 404
    more = machine.post("return-list", customer="ACME", items=[{"sku": "A", "quantity": 8, "reason": "damaged"}])
    assert (more.status_code, more.json()["code"]) == (409, "above_returnable")


def test_a_return_is_withdrawn(world: World, machine: Machine) -> None:
    delivered(world, machine)
    number = machine.post("return-list", customer="ACME", items=[{"sku": "A", "quantity": 3, "reason": "unwanted"}]).json()["number"]
    assert machine.post("return-withdraw", number, reason="we keep it").json()["lines"][0]["status"] == "withdrawn"


# Cases


def test_a_case_is_opened_answered_and_opened_again_and_notes_stay_in_the_house(world: World, machine: Machine, stranger: Machine) -> None:
    order = machine.order()
    made = machine.post("case-list", key="q1", kind="inquiry", title="Where is it?", text="We wait.", order=order)
    assert made.status_code == 201 and made.json()["order"] == order
    assert machine.post("case-list", key="q1", kind="inquiry", title="Where is it?", text="We wait.", order=order).content == made.content
    case = Case.objects.get()
    assert case.channel == "api"
    say(case.pk, "note", "They always ask.", by=world.sales)
    say(case.pk, "out", "It comes tomorrow.", by=world.sales)
    assert [m["text"] for m in machine.get("case-detail", case.number).json()["messages"]] == ["We wait.", "It comes tomorrow."]
    answered = machine.post("case-say", case.number, text="Thank you.").json()
    assert [m["direction"] for m in answered["messages"]] == ["in", "out", "in"] and CaseMessage.objects.count() == 4
    assert stranger.get("case-detail", case.number).status_code == stranger.post("case-say", case.number, text="x").status_code == 404
    assert stranger.post("case-list", kind="inquiry", title="T", text="x", order=order).status_code in (403, 404)
    assert machine.post("case-list", kind="inquiry", title="T", text="x", customer="BETA").status_code in (403, 404)
    assert machine.post("case-list", kind="poem", title="T", text="x", order=order).json()["code"] == "bad_case"


# Prices


def test_prices_are_the_customers_break_by_break(world: World, machine: Machine, stranger: Machine) -> None:
    ours = PriceList.objects.create(code="ACME", name="Acme", scope=0, customer=world.customer, currency_id="EUR", valid_from=LONG_AGO)
    Price.objects.create(price_list=ours, product=world.products["A"], unit_price=9, minimum_quantity=1)
    Price.objects.create(price_list=ours, product=world.products["A"], unit_price=8, minimum_quantity=50)
    got = machine.get("price-list").json()
    assert (got["customer"], got["currency"], got["next"]) == ("ACME", "EUR", None)
    assert {r["sku"]: [(b["from_quantity"], Decimal(b["price"]), b["source"]) for b in r["breaks"]] for r in got["results"]} == {
        "A": [(1, 9, "ACME"), (50, 8, "ACME")], "B": [(1, 20, "BASE")], "C": [(1, 30, "BASE")],
    }  # fmt: skip
    assert got["results"][0]["tax_rate"] == "0.2000"
    assert [b["price"] for b in stranger.get("price-list", sku="A").json()["results"][0]["breaks"]] == ["10.000000"]
    assert stranger.get("price-list", customer="ACME").status_code == 404
    before = machine.get("price-list", on=str(LONG_AGO - timedelta(days=1)), sku="A").json()["results"]
    assert before[0]["breaks"] == []
    assert machine.get("price-list", on="yesterday").json()["code"] == machine.get("price-list", on="2026-13-01").json()["code"] == "bad_date"
    assert [r["sku"] for r in machine.get("price-list", after="A").json()["results"]] == ["B", "C"]


def test_a_page_of_prices_takes_the_same_statements_for_one_product_and_all(world: World, machine: Machine, django_assert_num_queries: Any) -> None:
    drain_all()
    machine.get("price-list")
    with django_assert_num_queries(5) as seen:
        machine.get("price-list", sku="A")
    with django_assert_num_queries(len(seen.captured_queries)):
        machine.get("price-list")
