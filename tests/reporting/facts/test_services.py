"""Figures equal the ledgers on every day, follow the owner of the day, and stand still once their month is closed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Sum

from customers.models import CustomerPost, Post
from oms.events.tasks import drain_all
from oms.kernel.dates import next_month
from oms.kernel.errors import Conflict, Forbidden, Invalid
from orders.entry.services import cancel, recall
from orders.fulfilment.services import deliver, release, ship
from orders.models import Order
from orders.returns.services import Came, Item, authorise, receive_return, request_return
from payments.bank.services import reverse_payment
from payments.models import Invoice, Payment
from reporting.facts.choices import COLUMNS
from reporting.facts.invariants import INVARIANTS
from reporting.facts.models import ClosedPeriod, ClosedPeriodPlace, Figure, FigureMark
from reporting.facts.selectors.counting import newest_mark
from reporting.facts.services import close_period, count_marked, mark_differing
from tests.reporting.conftest import days_ago, order, pay
from tests.world import World


def count(world: World) -> None:
    """What the worker does within a minute."""
    drain_all()
    while count_marked(by=world.system):
        pass


def sums(**of: Any) -> dict[str, Decimal]:
    """Every measure that is not 0."""
    found = Figure.objects.filter(**of).aggregate(**{f"s_{c}": Sum(c) for c in COLUMNS})
    return {c: found[f"s_{c}"] for c in COLUMNS if found[f"s_{c}"]}


def broken() -> list[tuple[str, Any]]:
    """The rows for which an invariant of this room does not hold."""
    found = []
    for invariant in INVARIANTS:
        with connection.cursor() as cursor:
            cursor.execute(invariant.sql)
            found += [(invariant.code, row) for row in cursor.fetchall()]
    return found


def test_figures_follow_the_journey_exactly_and_agree_with_the_ledgers(world: World, journey: Order) -> None:
    count(world)
    assert sums(family="Spanners", day=date.today()) == {
        "ordered": Decimal(1200), "approved": Decimal(800), "delivered": Decimal(500), "cost": Decimal(250),
        "invoiced": Decimal(500), "collected": Decimal(500), "units_ordered": 120, "units_delivered": 50,
    }
    assert sums(family="", day=date.today()) == {"ordered": Decimal(8), "approved": Decimal(8), "invoiced": Decimal(8), "collected": Decimal(8)}
    assert sums(family="Hammers", day=date.today()) == {"ordered": Decimal(400), "approved": Decimal(100), "units_ordered": 15}
    assert sums()["invoiced"] == Invoice.objects.aggregate(s=Sum("net"))["s"] == Decimal(508)
    assert (sums()["lines_due"], sums()["units_due"]) == (2, 85) and "lines_on_time" not in sums()
    assert broken() == [] and FigureMark.objects.count() == 0


def test_an_invariant_sees_a_figure_that_is_not_what_the_ledgers_give(world: World, journey: Order) -> None:
    count(world)
    Figure.objects.filter(family="Hammers", ordered__gt=0).update(ordered=1)
    assert {code for code, _row in broken()} == {"R1"}
    assert mark_differing(by=world.system) == 1
    count(world)
    assert broken() == []


def test_a_cancellation_takes_the_approval_back_on_its_own_day(world: World) -> None:
    made = order(world, ("A", 20), at=days_ago(5))
    cancel(made.pk, "customer called", by=world.sales)
    count(world)
    assert sums(day=days_ago(5).date())["approved"] == Decimal(200)
    assert sums(day=date.today()) == {"approved": Decimal(-200)}
    assert broken() == []


def test_a_reversed_payment_is_no_longer_collected(world: World, journey: Order) -> None:
    count(world)
    reverse_payment(Payment.objects.get().pk, "bounced", by=world.finance)
    count(world)
    assert "collected" not in sums() and broken() == []
    pay(world, Invoice.objects.get(), Decimal("304.80"))
    count(world)
    assert sums()["collected"] == Decimal(254) and broken() == []


def test_on_time_in_full_counts_against_the_first_promise(world: World) -> None:
    made = order(world, ("A", 20), at=days_ago(10))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(9))
    ship(shipment, by=world.warehouse, at=days_ago(9))
    deliver(shipment, days_ago(9).date(), "signature", by=world.warehouse)
    late = order(world, ("B", 5), at=days_ago(10))
    count(world)
    assert sums(family="Spanners")["lines_on_time"] == 1 == sums(family="Spanners")["lines_due"]
    assert sums(family="Hammers").get("lines_on_time") is None and sums(family="Hammers")["lines_due"] == 1
    assert late.lines.get().quantity_delivered == 0 and broken() == []


def test_a_figure_follows_the_post_that_owned_the_customer_on_its_day(world: World) -> None:
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    handed_over = days_ago(3).date()
    CustomerPost.objects.filter(customer=world.customer).update(during=DateRange(date(1990, 1, 1), handed_over))
    CustomerPost.objects.create(customer=world.customer, post=second, during=DateRange(handed_over, None))
    order(world, ("A", 10), at=days_ago(5))
    order(world, ("A", 20), at=days_ago(1))
    count(world)
    assert (sums(post=world.post)["ordered"], sums(post=second)["ordered"]) == (Decimal(100), Decimal(200))


def month_ago() -> tuple[date, datetime]:
    """The first day of last month, and noon of its tenth."""
    first = (date.today().replace(day=1) - timedelta(days=1)).replace(day=1)
    return first, days_ago((date.today() - first).days - 9)


def test_a_closed_month_stands_still_and_later_facts_go_to_the_first_open_one(world: World) -> None:
    month, moment = month_ago()
    this = next_month(month)
    made = order(world, ("A", 20), at=moment)
    count(world)
    close_period(month, by=world.finance)
    before = list(Figure.objects.filter(period=month).values_list("pk", *COLUMNS))
    assert sums(period=month)["ordered"] == Decimal(200)
    order(world, ("A", 5), at=moment)
    cancel(made.pk, "was a mistake", by=world.sales, at=moment)
    count(world)
    assert list(Figure.objects.filter(period=month).values_list("pk", *COLUMNS)) == before
    late = Figure.objects.get(period=this, ordered__gt=0)
    assert (late.ordered, late.approved, late.belongs_to, late.day) == (Decimal(50), Decimal(-150), month, moment.date())
    assert broken() == []


def test_the_database_refuses_to_touch_a_closed_month(world: World) -> None:
    month, moment = month_ago()
    order(world, ("A", 20), at=moment)
    count(world)
    row = Figure.objects.filter(ordered__gt=0).get()
    Figure.objects.filter(pk=row.pk).update(ordered=200)
    close_period(month, by=world.finance)
    with pytest.raises(DatabaseError, match="closed"), transaction.atomic():
        Figure.objects.filter(pk=row.pk).update(ordered=1)
    with pytest.raises(DatabaseError, match="closed"), transaction.atomic():
        Figure.objects.filter(pk=row.pk).delete()
    with pytest.raises(DatabaseError), transaction.atomic():
        ClosedPeriod.objects.all().delete()
    row.refresh_from_db()
    assert row.ordered == Decimal(200)


def test_closing_keeps_the_tree_and_goes_month_by_month(world: World) -> None:
    month, _moment = month_ago()
    with pytest.raises(Forbidden):
        close_period(month, by=world.manager)
    with pytest.raises(Conflict) as early:
        close_period(next_month(month), by=world.finance)
    with pytest.raises(Invalid):
        close_period(month + timedelta(days=1), by=world.finance)
    before = (month - timedelta(days=1)).replace(day=1)
    close_period((before - timedelta(days=1)).replace(day=1), by=world.finance)
    with pytest.raises(Conflict) as gap:
        close_period(month, by=world.finance)
    close_period(before, by=world.finance)
    with pytest.raises(Conflict) as again:
        close_period(before, by=world.finance)
    assert [e.value.code for e in (early, gap, again)] == ["period_open", "period_order", "period_closed"]
    place = ClosedPeriodPlace.objects.get(period=before, post=world.post)
    assert place.path == [world.post.territory.parent_id, world.post.territory_id]


def test_counting_is_the_systems_work(world: World) -> None:
    with pytest.raises(Forbidden):
        count_marked(by=world.manager)


def test_a_recalled_order_is_no_longer_ordered(world: World) -> None:
    made = order(world, ("A", 90), at=days_ago(5))
    count(world)
    assert sums()["ordered"] == Decimal(900)
    recall(made.pk, by=world.sales)
    count(world)
    assert sums() == {} and broken() == []


def test_what_came_back_is_charged_to_the_post_that_delivered_it(world: World) -> None:
    made = order(world, ("A", 20), at=days_ago(10))
    (shipment,) = release([made.pk], by=world.manager, at=days_ago(9))
    ship(shipment, by=world.warehouse, at=days_ago(9))
    deliver(shipment, days_ago(8).date(), "signature", by=world.warehouse)
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    CustomerPost.objects.update(during=DateRange(date(1990, 1, 1), days_ago(3).date()))
    CustomerPost.objects.create(customer=world.customer, post=second, during=DateRange(days_ago(3).date(), None))
    back = request_return("ACME", [Item("A", 8, "damaged", "credit")], by=world.sales)
    authorise(back.pk, None, by=world.approver)
    receive_return(back.pk, {back.lines.get().pk: Came(8)}, by=world.warehouse)
    count(world)
    assert sums(day=date.today(), post=world.post) == {"returned": Decimal(80)}
    assert sums(day=days_ago(8).date(), post=world.post)["delivered"] == Decimal(200)
    assert not Figure.objects.filter(post=second).exists() and broken() == []


def test_what_is_marked_while_the_job_counts_waits_for_the_next_minute(world: World) -> None:
    FigureMark.objects.all().delete()
    first = FigureMark.objects.create(customer=world.customer, day=days_ago(3))
    last = newest_mark()
    later = FigureMark.objects.create(customer=world.customer, day=days_ago(2))
    assert (last, count_marked(by=world.system, last=last), count_marked(by=world.system, last=last)) == (first.pk, 1, 0)
    assert list(FigureMark.objects.values_list("pk", flat=True)) == [later.pk]
