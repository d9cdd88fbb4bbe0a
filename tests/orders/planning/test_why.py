"""Why a line has its date: what binds it, who holds the stock, what would help, and what each viewer may know."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from customers.models import Post, Territory
from inventory.stock.services.facts import Opening, set_opening
from inventory.stock.services.receipts import expect_receipt
from oms.company.models import Calendar, CalendarDay
from orders.book.models import OrderLine
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.holds.services import place_hold
from orders.models import Lane, Order
from orders.planning.domain.why import Why
from orders.planning.selectors.why import why_line
from orders.planning.services import improve
from tests.world import World, make_customer, open_account

FAR = date.today() + timedelta(days=60)
SOON = date.today() + timedelta(days=28)


def order(world: World, sku: str, quantity: int, on: date = SOON, customer: str = "ACME", **more: Any) -> Order:
    request = EntryRequest(customer, (LineRequest(sku, Decimal(quantity)),), "web", requested_date=on, **more)
    return Order.objects.get(number=submit(request, by=world.system).number)


def why(user: Any, made: Order) -> Why:
    found = Order.objects.select_related("ship_to", "customer").prefetch_related("lines__product").get(pk=made.pk)
    line: OrderLine = found.lines.all()[0]
    return why_line(user, found, line)


def other_customer(world: World, code: str = "ZETA", seen: bool = False, customer_class: int = 0) -> None:
    """A customer of another territory (or of the same, when `seen`)."""
    post = world.post
    if not seen:
        south = Territory.objects.create(code="SOUTH", name="South")
        post = Post.objects.create(code="SOUTH1", name="Sales South", territory=south)
    customer = make_customer(code, "Zeta Works", post)
    customer.customer_class = customer_class
    customer.save()
    open_account(customer, Decimal(100_000))


def test_a_line_in_time_says_where_it_ships_from_and_nothing_binds_it(world: World) -> None:
    found = why(world.sales, order(world, "A", 5))
    assert (found.outcome, found.binding, found.service.missing, found.holders, found.helps) == ("on_time", "", 0, (), ())
    assert [(p.location, p.quantity, p.from_receipt) for p in found.parts] == [("LYON", 5, False)]
    assert [(c.location, c.verdict, c.free) for c in found.candidates] == [("LYON", "chosen", 100), ("TURIN", "in_time", 50)]
    assert (found.place, found.of) == (1, 1)
    assert [(f.name, f.value) for f in found.factors] == [
        ("customer_class", 1), ("criticality", 2), ("requested_date", SOON), ("age", date.today())]  # fmt: skip


def test_a_line_without_supply_says_how_much_is_missing_where_and_by_when(world: World) -> None:
    found = why(world.sales, order(world, "B", 14))
    assert (found.outcome, found.binding, found.service.missing) == ("partial", "supply", 4)
    helps = [(h.kind, h.quantity, h.location) for h in found.helps]
    assert helps[0] == ("stock", 4, "Lyon")
    latest = next(c.latest for c in found.candidates if c.location == "LYON")
    assert found.helps[0].by == latest and latest is not None and latest < SOON


def test_the_stock_it_lacks_is_held_by_a_higher_rank_named_only_to_those_who_may_see_it(world: World) -> None:
    other_customer(world)
    ahead = order(world, "B", 7, customer="ZETA")
    mine = order(world, "B", 8)
    found = why(world.sales, mine)
    assert (found.binding, found.service.missing, found.place, found.of) == ("supply", 5, 2, 2)
    assert [(h.higher, h.number, h.customer, h.quantity, h.ship_date) for h in found.holders] == [(True, "", "", None, None)]
    seen = why(world.finance, mine)
    assert [(h.higher, h.number, h.customer, h.location, h.quantity) for h in seen.holders] == [
        (True, ahead.number, "Zeta Works", "LYON", 7)]  # fmt: skip


def test_who_was_promised_earlier_is_not_called_higher(world: World) -> None:
    other_customer(world, seen=True, customer_class=5)
    order(world, "B", 7, customer="ZETA")
    found = why(world.sales, order(world, "B", 8))
    assert (found.place, [h.higher for h in found.holders]) == (1, [False])


def test_partners_see_no_ranks_stocks_or_others_quantities(world: World) -> None:
    other_customer(world)
    order(world, "B", 7, customer="ZETA")
    mine = order(world, "B", 8)
    found = why(world.partner, mine)
    assert (found.place, found.of, found.rules, found.factors, found.candidates) == (None, None, None, (), ())
    assert [(h.higher, h.number, h.quantity) for h in found.holders] == [(True, "", None)]
    assert [h.kind for h in found.helps] == []
    client = Client()
    client.force_login(world.partner, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("orders:why", args=[mine.number, 1])).content.decode()
    assert "Zeta" not in page and "a higher-ranked order" in page.lower() and "Place in the queue" not in page


def every_day(working: bool) -> None:
    """The next fortnight is worked, or is not, weekends as well."""
    CalendarDay.objects.all().delete()
    calendar = Calendar.objects.get(code="week")
    CalendarDay.objects.bulk_create(CalendarDay(calendar=calendar, day=date.today() + timedelta(days=n), working=working) for n in range(15))


def test_too_far_is_lead_time_and_a_longer_calendar_is_calendar(world: World) -> None:
    every_day(working=True)  # a weekend between now and the delivery would be a reason of its own
    hurried = why(world.sales, order(world, "A", 5, on=date.today()))
    assert (hurried.outcome, hurried.binding) == ("late", "lead_time")
    assert {c.location: c.verdict for c in hurried.candidates}["LYON"] == "chosen"
    every_day(working=False)
    closed = why(world.sales, order(world, "A", 5, on=date.today() + timedelta(days=10)))
    assert (closed.outcome, closed.binding) == ("late", "calendar")


def test_nobody_can_reach_a_zone_without_a_lane(world: World) -> None:
    world.customer.addresses.update(transit_zone="MOON")
    found = why(world.sales, order(world, "A", 5))
    assert (found.outcome, found.binding) == ("none", "no_lane")
    assert [(c.location, c.verdict, c.free) for c in found.candidates] == [("LYON", "no_lane", 100), ("TURIN", "no_lane", 50)]


def test_stock_without_a_lane_can_be_moved(world: World) -> None:
    Lane.objects.filter(location_id=world.turin).delete()
    set_opening([Opening(world.products["B"].pk, world.turin, "", "", None, 30)], by=world.system)
    found = why(world.sales, order(world, "B", 14))
    assert [(h.kind, h.quantity, h.location, h.source) for h in found.helps] == [
        ("stock", 4, "Lyon", ""), ("transfer", 4, "Lyon", "Turin")]  # fmt: skip


def test_a_complete_order_waits_for_its_other_line(world: World) -> None:
    request = EntryRequest("ACME", (LineRequest("A", Decimal(2)), LineRequest("C", Decimal(1))), "web",
                           requested_date=world.soon - timedelta(days=8), delivery_rule=1)
    made = Order.objects.get(number=submit(request, by=world.system).number)
    found = why(world.sales, made)
    assert (found.outcome, found.binding) == ("late", "complete_rule")
    assert [h.kind for h in found.helps][0] == "partial"


def test_a_line_that_may_not_be_split_says_so(world: World) -> None:
    request = EntryRequest("ACME", (LineRequest("A", Decimal(120), no_split=True),), "web", requested_date=SOON)
    made = Order.objects.get(number=submit(request, by=world.system).number)
    found = why(world.sales, made)
    assert (found.outcome, found.binding) == ("none", "split_limit")
    assert [(h.kind, h.quantity) for h in found.helps] == [
        ("split", 120), ("stock", 20), ("stock", 70), ("transfer", 20)]  # fmt: skip


def test_a_hold_is_named_with_who_releases_it(world: World) -> None:
    made = order(world, "A", 5)
    place_hold(made.pk, "checking the address", by=world.manager)
    found = why(world.sales, made)
    assert [(h.kind, h.text, h.source) for h in found.helps] == [("hold", "checking the address", "Manager")]


def test_each_promise_stands_with_its_cause(world: World) -> None:
    short = order(world, "B", 14)
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    before = why(world.sales, short)
    assert [(h.kind, h.quantity) for h in before.helps] == [("replan", 14)]
    improve(short.pk, by=world.system)
    found = why(world.sales, short)
    assert found.outcome == "on_time" and [p.quantity for p in found.parts] == [14]
    assert [(v.quantity, v.cause) for v in found.history] == [
        (10, "order.approved"), (10, "order.approved"), (14, "promise.moved")]  # fmt: skip


def test_the_api_answers_the_same(world: World) -> None:
    made = order(world, "B", 14)
    client = Client()
    client.force_login(world.sales, backend="django.contrib.auth.backends.ModelBackend")
    data = client.get(reverse("api:line-why", args=[made.number, 1])).json()
    assert (data["outcome"], data["binding"], data["missing"], data["quantity"]) == ("partial", "supply", 4, 14)
    assert data["rank"]["place"] == 1 and data["would_help"][0]["quantity"] == 4
    assert data["sentence"].startswith("10 of 14 B arrive by ") and data["sentence"].endswith("4 have no date: no supply in sight.")
    assert client.get(reverse("api:line-why", args=[made.number, 2])).status_code == 404


def test_an_order_one_may_not_see_is_not_found(world: World) -> None:
    other_customer(world)
    theirs = order(world, "A", 1, customer="ZETA")
    client = Client()
    client.force_login(world.sales, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("orders:why", args=[theirs.number, 1])).status_code == 404
    assert client.get(reverse("api:line-why", args=[theirs.number, 1])).status_code == 404


def test_the_page_takes_the_same_statements_however_many_wait(world: World, django_assert_max_num_queries: Any) -> None:
    made = order(world, "B", 14)
    for _n in range(4):
        order(world, "B", 2)
    client = Client()
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    client.get(reverse("orders:why", args=[made.number, 1]))
    with django_assert_max_num_queries(20):
        page = client.get(reverse("orders:why", args=[made.number, 1])).content.decode()
    assert "What would bring it forward" in page and "Place in the queue" in page


@pytest.mark.parametrize("role", ["sales", "approver", "manager", "finance"])
def test_the_order_page_leads_there(world: World, role: str) -> None:
    made = order(world, "B", 14)
    client = Client()
    client.force_login(getattr(world, role), backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("orders:order-detail", args=[made.number])).content.decode()
    assert reverse("orders:why", args=[made.number, 1]) in page


def test_the_hint_leads_to_the_same_explanation_before_there_is_an_order(world: World) -> None:
    client = Client()
    client.force_login(world.sales, backend="django.contrib.auth.backends.ModelBackend")
    query = {"customer": "ACME", "sku": "B", "quantity": "14", "requested": SOON.isoformat()}
    page = client.get(reverse("orders:why-quote"), query)
    assert page.status_code == 200 and "10 of 14 B arrive by" in page.content.decode()
    assert Order.objects.count() == 0
    assert client.get(reverse("orders:why-quote"), {**query, "customer": "NOBODY"}).status_code == 404
    assert client.get(reverse("orders:why-quote"), {**query, "quantity": "x"}).status_code == 404
