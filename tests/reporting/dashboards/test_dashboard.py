"""The dashboard's numbers, exact, within the row filter, of any past day; at most ten statements."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.urls import reverse

from customers.models import Customer
from orders.fulfilment.services import deliver, release, ship
from orders.models import Order
from reporting.dashboards.selectors import Asked, backlog, debt, month_ends, outstanding, weeks
from reporting.facts.selectors import scope
from tests.reporting.conftest import days_ago, order
from tests.reporting.facts.test_services import count
from tests.world import World

TODAY = date.today()
PAGE = "reporting:dashboard"


def asked(on: date = TODAY, **more: str) -> Asked:
    return Asked(on, "EUR", **more)


def test_thirteen_weeks_of_flow_and_punctuality(world: World, journey: Order) -> None:
    made = order(world, ("A", 10), at=days_ago(20))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(19))
    ship(shipment, by=world.warehouse, at=days_ago(19))
    deliver(shipment, days_ago(18).date(), "signature", by=world.warehouse)
    order(world, ("B", 5), at=days_ago(20))
    count(world)
    found = weeks(scope(world.manager), asked())
    assert len(found) == 13 and found[-1].monday <= TODAY < found[-1].monday + timedelta(days=7)
    assert sum(w.ordered for w in found) == 1608 + 100 + 100 and sum(w.delivered for w in found) == 600
    assert (sum(w.lines_due for w in found), sum(w.lines_on_time for w in found)) == (2, 1)
    assert (sum(w.units_due for w in found), sum(w.units_on_time for w in found)) == (15, 10)
    assert all(w.ordered == 0 for w in weeks(scope(world.warehouse), asked()))


def test_the_backlog_by_the_orders_age_with_and_without_supply(world: World) -> None:
    order(world, ("A", 10), at=days_ago(1))
    order(world, ("B", 25), at=days_ago(10))
    order(world, ("A", 3), at=days_ago(40))
    found = [(a.dated, a.backordered) for a in backlog(scope(world.manager), asked())]
    assert found == [(100, 0), (0, 0), (200, 300), (0, 0), (30, 0)]
    assert [a for a in backlog(scope(world.manager), asked(territory="NOWHERE")) if a.dated or a.backordered] == []


def test_what_is_owed_by_age_on_any_day_and_in_days_of_sales(world: World, journey: Order) -> None:
    Customer.objects.update(terms_days=10)
    made = order(world, ("A", 10), at=days_ago(25))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(23))
    ship(shipment, by=world.warehouse, at=days_ago(23))
    count(world)
    now = debt(scope(world.manager), asked())
    assert (now.by_age, now.overdue, now.net, now.invoiced) == ([0, Decimal("120.00"), 0, 0, 0], Decimal("120.00"), 100, 608)
    assert now.days == round(Decimal(100) * 90 / 608) == 15
    earlier = debt(scope(world.manager), asked(days_ago(20).date()))
    assert (earlier.by_age[0], earlier.overdue, earlier.invoiced) == (Decimal("120.00"), 0, 100)
    assert debt(scope(world.manager), asked(days_ago(30).date())).total == 0


def test_the_page_takes_at_most_ten_statements_and_leads_on(as_: Any, world: World, journey: Order, django_assert_max_num_queries: Any) -> None:
    count(world)
    client = as_("manager")
    client.get(reverse(PAGE))
    with django_assert_max_num_queries(10):
        page = client.get(reverse(PAGE), {"territory": "NORTH"}).content.decode()
    assert "400.00" in page and reverse("payments:ageing") in page and "by=customer" in page


def test_a_day_that_has_not_come_is_refused(as_: Any, world: World) -> None:
    client = as_("finance")
    assert client.get(reverse(PAGE), {"on": (TODAY + timedelta(days=9)).isoformat()}).status_code == 400
    assert client.get(reverse(PAGE), {"on": "soon"}).status_code == 400
    assert client.get(reverse(PAGE), {"on": "2026-01-01"}).status_code == 200


def test_the_ends_of_the_last_months_and_the_day_itself() -> None:
    assert month_ends(date(2026, 3, 15), 3) == [date(2025, 12, 31), date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 15)]
    assert month_ends(date(2026, 2, 28), 1) == [date(2026, 1, 31), date(2026, 2, 28)]


def test_days_outstanding_at_the_end_of_each_month_are_what_the_debt_of_that_day_says(as_: Any, world: World, journey: Order, django_assert_max_num_queries: Any) -> None:
    made = order(world, ("A", 10), at=days_ago(25))
    ship(release([made.pk], by=world.manager, at=days_ago(23))[0], by=world.warehouse, at=days_ago(23))
    count(world)
    seen = scope(world.manager)
    found = outstanding(seen, asked())
    assert len(found) == 13 and all(owed == debt(seen, asked(day)) for day, owed in found)
    assert found[-1][1].total > 0 and found[0][1].total == 0
    client = as_("manager")
    client.get(reverse("reporting:outstanding"))
    with django_assert_max_num_queries(22):
        page = client.get(reverse("reporting:outstanding"), {"territory": "NORTH"}).content.decode()
    assert f"{reverse('payments:ageing')}?on={TODAY}" in page and f">{found[-1][1].days}<" in page
    assert client.get(reverse("reporting:outstanding"), {"on": "soon"}).status_code == 400
    assert reverse("reporting:outstanding") in client.get(reverse(PAGE)).content.decode()
