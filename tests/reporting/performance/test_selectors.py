"""The form's numbers: exact, by every dimension, by the post of the day, with the tree of a closed month."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from customers.models import Customer, CustomerPost, Post, PostHolding, Territory
from oms.changes.services import confirm
from orders.fulfilment.services import release, ship
from orders.models import Order
from reporting.facts.choices import COLUMNS
from reporting.facts.selectors import scope
from reporting.facts.services import close_period, mark_differing, propose_target
from reporting.performance.choices import Dimension, Movement
from reporting.performance.selectors import (
    Selection,
    breakdown,
    documents,
    months_before,
    moved,
    movements,
    owed,
    series,
    targets,
)
from tests.reporting.conftest import days_ago, order
from tests.reporting.facts.test_services import count, month_ago
from tests.world import World, make_customer, open_account

TODAY = timezone.localdate()
MONTH = TODAY.replace(day=1)


def month(**more: str) -> Selection:
    return Selection(MONTH, "EUR", **more)


def test_twelve_months_with_the_journey_in_the_last(world: World, journey: Order) -> None:
    count(world)
    year = series(scope(world.manager), month(), TODAY)
    assert list(year.months) == [months_before(MONTH, n) for n in range(11, -1, -1)]
    now = year.months[MONTH]
    assert [now[c] for c in COLUMNS] == [1608, 908, 500, 250, 508, 508, 0, 0, 135, 50, 0, 0, 0, 0]
    assert (now.margin, now.on_time, year.late, year.closed) == (Decimal("0.5"), None, 0, None)
    assert all(not s.amounts for m, s in year.months.items() if m != MONTH)


@pytest.mark.parametrize(("by", "rows"), [
    (Dimension.POST, [("LYON1", 500, 508)]),
    (Dimension.PERSON, [("sales", 500, 508)]),
    (Dimension.TERRITORY, [("LYON", 500, 508)]),
    (Dimension.FAMILY, [("Spanners", 500, 500), ("", 0, 8), ("Hammers", 0, 0)]),
    (Dimension.CUSTOMER, [("ACME", 500, 508)]),
])  # fmt: skip
def test_the_month_by_every_dimension(world: World, journey: Order, by: Dimension, rows: list) -> None:
    count(world)
    found = breakdown(scope(world.manager), month(), by, TODAY, {})
    assert [(r.key, r.sums["delivered"], r.sums["invoiced"]) for r in found] == rows


def test_figures_stay_with_the_post_of_the_day_and_people_with_the_days_they_held_it(world: World) -> None:
    cut = days_ago(3).date()
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    CustomerPost.objects.filter(customer=world.customer).update(during=DateRange(date(1990, 1, 1), cut))
    CustomerPost.objects.create(customer=world.customer, post=second, during=DateRange(cut, None))
    PostHolding.objects.create(post=second, user=world.approver, during=DateRange(cut, None))
    order(world, ("A", 10), at=days_ago(5))
    order(world, ("A", 20), at=days_ago(1))
    count(world)
    seen = scope(world.manager)
    total = sum(
        (series(seen, Selection(m, "EUR", person="approver"), TODAY).months[m]["ordered"] for m in (MONTH, months_before(MONTH, 1))), Decimal(0)
    )
    assert total == 200
    posts = {r.key: r.sums["ordered"] for m in (MONTH, months_before(MONTH, 1)) for r in breakdown(seen, Selection(m, "EUR"), Dimension.POST, TODAY, {}) if r.sums["ordered"]}
    assert posts == {"LYON1": 100, "LYON2": 200}


def test_a_closed_month_keeps_its_tree_an_open_one_follows_the_present(world: World) -> None:
    first, moment = month_ago()
    order(world, ("A", 10), at=moment)
    count(world)
    close_period(first, by=world.finance)
    south = Territory.objects.create(code="SOUTH", name="South")
    world.post.territory = south
    world.post.save()
    order(world, ("A", 20))
    count(world)
    seen = scope(world.finance)

    def ordered(m: date, territory: str) -> Decimal:
        return series(seen, Selection(m, "EUR", territory=territory), TODAY).months[m]["ordered"]

    assert (ordered(first, "NORTH"), ordered(first, "SOUTH")) == (100, 0)
    assert (ordered(MONTH, "NORTH"), ordered(MONTH, "SOUTH")) == (0, 200)
    rows = breakdown(seen, Selection(first, "EUR"), Dimension.TERRITORY, TODAY, {})
    assert [(r.key, r.sums["ordered"]) for r in rows if r.sums["ordered"]] == [("LYON", 100)]


def test_new_quiet_and_lost_customers_by_the_days_they_ordered(world: World) -> None:
    quiet = make_customer("QUIET", "Quiet", world.post)
    lost = make_customer("LOST", "Lost", world.post)
    for customer, days in ((quiet, 90), (lost, 365)):
        open_account(customer, Decimal(10_000))
        made = order(world, ("A", 1), at=days_ago(days))
        Order.objects.filter(pk=made.pk).update(customer=customer, ship_to=customer.addresses.get())
    order(world, ("A", 1))
    mark_differing(by=world.system)
    count(world)
    seen = scope(world.manager)
    assert movements(seen, month(), TODAY) == {"new": 1, "active": 1, "dormant": 1, "lost": 1}
    assert [m.code for m in moved(seen, month(), Movement.DORMANT, TODAY)] == ["QUIET"]
    assert [m.code for m in moved(seen, month(), Movement.LOST, TODAY)] == ["LOST"]


def test_what_is_owed_at_the_end_of_any_month(world: World) -> None:
    Customer.objects.update(terms_days=10)
    made = order(world, ("A", 10), at=days_ago(25))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(23))
    ship(shipment, by=world.warehouse, at=days_ago(23))
    count(world)
    now = owed(scope(world.manager), month(), TODAY)
    assert (now.open, now.overdue) == (Decimal("120.00"), Decimal("120.00"))
    earlier = months_before(days_ago(23).date().replace(day=1), 1)
    assert owed(scope(world.manager), Selection(earlier, "EUR"), TODAY).open == 0


def test_behind_a_number_are_its_documents_and_they_sum_to_it(world: World, journey: Order) -> None:
    count(world)
    seen = scope(world.manager)
    now = series(seen, month(), TODAY).months[MONTH]
    for measure in ("ordered", "approved", "delivered", "invoiced", "collected", "units_ordered"):
        found = documents(seen, month(), measure, TODAY)
        assert sum(d.amount for d in found) == now[measure], measure
    assert [(d.kind, d.amount) for d in documents(seen, month(), "delivered", TODAY)] == [("shipment", 500)]
    assert [(d.kind, d.amount) for d in documents(seen, month(family="Spanners"), "collected", TODAY)] == [("payment", 500)]


def test_other_regions_and_strangers_see_nothing(world: World, journey: Order) -> None:
    count(world)
    assert series(scope(world.warehouse), month(), TODAY).months[MONTH].amounts == {}
    assert series(scope(world.manager), month(territory="NOWHERE"), TODAY).months[MONTH].amounts == {}
    assert series(scope(world.sales), month(), TODAY).months[MONTH]["delivered"] == 500


def test_targets_of_the_selection(world: World) -> None:
    confirm(propose_target(MONTH, "LYON1", "", "delivered", "EUR", Decimal(2_000), "x", by=world.manager).pk, by=world.finance)
    seen = scope(world.manager)
    assert targets(seen, month()) == targets(seen, month(territory="NORTH")) == targets(seen, month(person="sales")) == {("LYON1", "delivered"): 2_000}
    assert targets(seen, month(customer="ACME")) == targets(seen, month(family="Spanners")) == targets(seen, month(person="approver")) == {}


def test_the_month_arithmetic_turns_years() -> None:
    assert months_before(date(2026, 1, 1), 1) == date(2025, 12, 1) and months_before(date(2026, 3, 1), 15) == date(2024, 12, 1)
    assert Selection(date(2025, 12, 1), "EUR").last == date(2025, 12, 31) == date(2026, 1, 1) - timedelta(days=1)
