"""A post handed over: access the same minute, the days that are over stay, who may and who may not."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from customers.models import Customer, CustomerPost, Post, PostHolding
from customers.parties.selectors import visible_customers
from customers.parties.services import assign_customers
from customers.territory.selectors import cared_for, holder
from customers.territory.services import hand_over
from oms.access.services import create_user
from oms.events.models import Event
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tests.world import World, make_customer

pytestmark = pytest.mark.django_db
TODAY = timezone.now().date()


@pytest.fixture
def world() -> World:
    return World.make()


def newcomer(world: World, name: str = "nora", *roles: str) -> Any:
    return create_user(name, by=world.system, roles=list(roles) or ["sales"], first_name=name.title())


def spans(post: Post) -> list[tuple[str, date, date | None]]:
    rows = PostHolding.objects.filter(post=post).select_related("user").order_by("during")
    return [(h.user.username, h.during.lower, h.during.upper) for h in rows]


def test_the_successor_sees_the_customers_at_once_and_the_former_holder_none(world: World) -> None:
    nora = newcomer(world)
    assert list(visible_customers(world.sales)) == [world.customer] and list(visible_customers(nora)) == []
    done = hand_over(world.post.pk, nora.pk, TODAY, "Sales leaves", by=world.manager)
    assert (done.former_id, done.successor_id) == (world.sales.pk, nora.pk)
    assert list(visible_customers(world.sales)) == [] and list(visible_customers(nora)) == [world.customer]
    assert spans(world.post) == [("sales", date(1990, 1, 1), TODAY), ("nora", TODAY, None)]
    assert Customer.objects.get().post == world.post and CustomerPost.objects.get().during.upper is None
    event = Event.objects.get(name="post.handed_over")
    assert (event.actor, event.data["from"], event.data["to"]) == (world.manager, world.sales.pk, nora.pk)


def test_a_later_day_changes_nothing_until_then_and_can_be_replaced(world: World) -> None:
    nora, otto, day = newcomer(world), newcomer(world, "otto"), TODAY + timedelta(days=9)
    hand_over(world.post.pk, nora.pk, day, "", by=world.manager)
    assert holder(world.post.pk, TODAY) == world.sales.pk and holder(world.post.pk, day) == nora.pk
    hand_over(world.post.pk, otto.pk, day - timedelta(days=2), "", by=world.manager)
    assert spans(world.post) == [("sales", date(1990, 1, 1), day - timedelta(days=2)), ("otto", day - timedelta(days=2), None)]
    hand_over(world.post.pk, world.sales.pk, TODAY, "stays after all", by=world.manager)
    assert spans(world.post) == [("sales", date(1990, 1, 1), None)]


def test_a_mistake_of_today_is_put_right_today(world: World) -> None:
    nora, otto = newcomer(world), newcomer(world, "otto")
    hand_over(world.post.pk, nora.pk, TODAY, "", by=world.manager)
    hand_over(world.post.pk, otto.pk, TODAY, "", by=world.manager)
    assert spans(world.post) == [("sales", date(1990, 1, 1), TODAY), ("otto", TODAY, None)]


def test_a_vacant_posts_queue_goes_up_to_the_first_post_that_is_held(world: World) -> None:
    assert cared_for(world.approver) == frozenset()
    hand_over(world.post.pk, None, TODAY, "", by=world.manager)
    assert cared_for(world.approver) == {world.post.pk} and cared_for(world.manager) == frozenset()
    above = Post.objects.get(code="NORTH2")
    PostHolding.objects.filter(post=above).update(during=DateRange(date(1990, 1, 1), TODAY))
    assert cared_for(world.manager) == {world.post.pk, above.pk} and cared_for(world.approver) == frozenset()


def test_what_is_refused_leaves_the_holding_as_it_was(world: World) -> None:
    nora, before = newcomer(world), spans(world.post)
    warehouse = newcomer(world, "wim", "warehouse")
    top = Post.objects.get(code="NORTH1")
    below = Post.objects.get(code="NORTH2")
    for what, error, code in (
        (lambda: hand_over(world.post.pk, nora.pk, TODAY - timedelta(days=1), "", by=world.manager), Invalid, "in_the_past"),
        (lambda: hand_over(world.post.pk, warehouse.pk, TODAY, "", by=world.manager), Invalid, "not_sales_staff"),
        (lambda: hand_over(world.post.pk, world.manager.pk, TODAY, "", by=world.manager), Forbidden, "own_post"),
        (lambda: hand_over(top.pk, nora.pk, TODAY, "", by=world.manager), Forbidden, "own_post"),
        (lambda: hand_over(world.post.pk, nora.pk, TODAY, "", by=world.sales), Forbidden, "role"),
        (lambda: hand_over(world.post.pk, nora.pk, TODAY, "", by=world.approver), Forbidden, "role"),
        (lambda: hand_over(world.post.pk, world.sales.pk, TODAY, "", by=world.manager), Conflict, "holds_already"),
    ):  # fmt: skip
        with pytest.raises(error) as found:
            what()
        assert found.value.code == code
    assert spans(world.post) == before and spans(below) == [("approver", date(1990, 1, 1), None)]
    hand_over(world.post.pk, None, TODAY, "", by=world.manager)
    with pytest.raises(Conflict) as again:
        hand_over(world.post.pk, None, TODAY, "", by=world.manager)
    assert again.value.code == "vacant_already"


def test_a_manager_of_another_region_may_not(world: World) -> None:
    stranger = newcomer(world, "mona", "manager")
    with pytest.raises(Forbidden) as found:
        hand_over(world.post.pk, newcomer(world).pk, TODAY, "", by=stranger)
    assert found.value.code == "not_below"


def test_customers_go_to_another_post_from_today_and_never_by_its_holder(world: World) -> None:
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    other = make_customer("ZETA", "Zeta", world.post)
    assert assign_customers([world.customer.pk], second.pk, "closer", by=world.manager) == 1
    edges = CustomerPost.objects.filter(customer=world.customer).order_by("during")
    assert [(e.post.code, e.during.lower, e.during.upper) for e in edges] == [("LYON1", date(1990, 1, 1), TODAY), ("LYON2", TODAY, None)]
    assert Customer.objects.get(code="ACME").post == second and Customer.objects.get(code="ZETA").post == world.post
    for who, ids, post, error, code in (
        (world.sales, [other.pk], second.pk, Forbidden, "role"),
        (world.manager, [other.pk, 10**9], second.pk, NotFound, "no_customer"),
        (world.manager, [other.pk], 10**9, NotFound, "no_post"),
        (world.manager, [other.pk], world.post.pk, Conflict, "owned_already"),
        (world.manager, [other.pk], Post.objects.get(code="NORTH1").pk, Forbidden, "own_reassignment"),
    ):
        with pytest.raises(error) as found:
            assign_customers(ids, post, "", by=who)
        assert found.value.code == code
    assert Customer.objects.get(code="ZETA").post == world.post
