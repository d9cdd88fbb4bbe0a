"""The row filter: who sees which customers."""

from __future__ import annotations

from datetime import date, timedelta

from django.db.backends.postgresql.psycopg_any import DateRange

from customers.models import Customer, Post, PostHolding, Territory
from customers.territory.selectors import customer_filter, holder, visible_posts
from tests.world import World, make_customer


def seen(user: object) -> set[str]:
    """Codes of the customers a user sees."""
    return set(Customer.objects.filter(customer_filter(user)).values_list("code", flat=True))


def test_everybody_sees_their_subtree_and_nothing_else(world: World) -> None:
    south = Territory.objects.create(code="SOUTH", name="South")
    make_customer("FAR", "Far away", Post.objects.create(code="S1", name="Sales South", territory=south))
    assert seen(world.sales) == seen(world.approver) == seen(world.manager) == {"ACME"}
    assert seen(world.finance) == seen(world.system) == {"ACME", "FAR"}
    assert seen(world.partner) == {"ACME"}
    assert seen(world.warehouse) == set()


def test_a_former_holder_sees_nothing_from_the_day_on(world: World) -> None:
    PostHolding.objects.filter(user=world.sales).update(during=DateRange(date(1990, 1, 1), date.today()))
    assert visible_posts(world.sales) == frozenset()
    assert seen(world.sales) == set()
    assert holder(world.post.pk, date.today()) is None
    assert holder(world.post.pk, date.today() - timedelta(days=1)) == world.sales.pk
