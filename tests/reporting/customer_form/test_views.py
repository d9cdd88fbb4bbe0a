"""The customer form: exact numbers, within the row filter, at most ten statements."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse

from customers.models import Contact, Customer, CustomerPost, Post
from customers.relations.services import add_activity
from orders.fulfilment.services import release, ship
from orders.holds.services import place_hold
from orders.models import Order
from reporting.customer_form.selectors import identity, open_orders, record, rhythm
from reporting.facts.selectors import scope
from tests.reporting.conftest import days_ago, order
from tests.reporting.facts.test_services import count
from tests.world import World

TODAY = date.today()
URL = "reporting:customer-form"


def test_who_the_customer_is_in_one_statement(world: World, django_assert_num_queries: Any) -> None:
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    CustomerPost.objects.update(during=DateRange(date(1990, 1, 1), date(2026, 1, 1)))
    CustomerPost.objects.create(customer=world.customer, post=second, during=DateRange(date(2026, 1, 1), None))
    Contact.objects.create(customer=world.customer, name="Ann", email="ann@acme.example")
    seen = scope(world.manager)
    with django_assert_num_queries(1):
        who = identity(seen, "ACME")
    assert who is not None and who.path == ["North", "Lyon"] and who.owner_since == date(2026, 1, 1)
    assert [(o["post"], o["holder"], o["until"]) for o in who.owners] == [("Sales Lyon 2", None, None), ("Sales Lyon", "Sales", date(2026, 1, 1))]
    assert [a["city"] for a in who.addresses] == ["69001 Lyon"] and [c["name"] for c in who.contacts] == ["Ann"]
    assert [(x["name"], x["prices"]) for x in who.price_lists] == [("Base", 3)]
    assert who.account is not None and (who.account["limit"], who.account["used"], who.account["overdue"]) == (10_000, 0, 0)


def test_open_orders_put_broken_promises_first_and_say_what_holds_them(world: World, journey: Order) -> None:
    late = order(world, ("B", 2), at=days_ago(20))
    held = order(world, ("A", 1))
    place_hold(held.pk, "look at it", by=world.manager)
    found = open_orders(world.customer.pk, TODAY)
    assert (found.count, found.rows[0].number, found.rows[0].late, found.late) == (4, late.number, 1, 1)
    by_number = {o.number: o for o in found.rows}
    assert by_number[held.number].holds == ["manual"] and by_number[held.number].left == Decimal("10.00")
    assert by_number[journey.number].left == Decimal("400.00") and found.left == Decimal("400.00") + 40 + 10 + 600


def test_invoices_due_and_overdue_are_of_today(world: World) -> None:
    Customer.objects.update(terms_days=10)
    made = order(world, ("A", 10), at=days_ago(25))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(23))
    ship(shipment, by=world.warehouse, at=days_ago(23))
    count(world)
    (due,) = record(world.customer.pk, TODAY).invoices
    assert (due.left, due.due_date) == (Decimal("120.00"), days_ago(23).date() + timedelta(days=10))
    who = identity(scope(world.manager), "ACME")
    assert who is not None and who.account is not None
    assert (who.account["overdue"], who.account["oldest"]) == (Decimal("120.00"), due.due_date)


def test_a_customer_that_orders_less_since_a_new_owner_raises_an_alert(world: World, as_: Any) -> None:
    cut = TODAY - timedelta(days=80)
    CustomerPost.objects.update(during=DateRange(date(1990, 1, 1), cut))
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    CustomerPost.objects.create(customer=world.customer, post=second, during=DateRange(cut, None))
    for days in (120, 150, 180, 230, 269):
        order(world, ("A", 18), at=days_ago(days))
    order(world, ("A", 9), at=days_ago(10))
    count(world)
    found = rhythm(world.customer.pk, "EUR", TODAY, cut)
    assert found.fall is not None
    assert (found.fall.recent, found.fall.usual, found.fall.share, found.fall.owner_since) == (90, 450, Decimal("0.8"), cut)
    assert (found.ordered, found.last_day, len(found.months)) == (Decimal(990), days_ago(10).date(), 13)
    page = as_("manager").get(reverse(URL, args=["ACME"])).content.decode()
    assert "Orders fell by 80" in page and "has owned the customer since" in page
    order(world, ("A", 20))
    count(world)
    assert rhythm(world.customer.pk, "EUR", TODAY, cut).fall is None


def test_the_form_takes_at_most_ten_statements(as_: Any, world: World, journey: Order, django_assert_max_num_queries: Any) -> None:
    add_activity(world.customer.pk, "visit", TODAY, "They want green ones.", by=world.sales, follow_up_date=TODAY)
    count(world)
    client = as_("manager")
    client.get(reverse(URL, args=["ACME"]))
    with django_assert_max_num_queries(10):
        page = client.get(reverse(URL, args=["ACME"])).content.decode()
    assert journey.number in page and "They want green ones." in page and "1,200.00" in page


def test_a_customer_of_another_region_is_not_there(as_: Any, world: World) -> None:
    world.post.holdings.all().delete()
    assert as_("sales").get(reverse(URL, args=["ACME"])).status_code == 404
    assert as_("finance").get(reverse(URL, args=["ACME"])).status_code == 200
    assert as_("warehouse").get(reverse(URL, args=["ACME"])).status_code == 403
