"""Stand-ins: for a post, for some days, to a colleague; they see its queue and never approve what they entered."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from customers.models import Delegation, Post, PostHolding, Territory
from customers.territory.selectors import visible_posts
from customers.territory.services import delegate, end_delegation, hand_over
from oms.access.services import create_user
from oms.accounts.models import User
from oms.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from orders.approval.selectors import queue
from orders.approval.services import decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order
from tests.world import World

TODAY = date.today()
WEEK = TODAY + timedelta(days=6)


@pytest.fixture
def colleague(world: World) -> User:
    """Another approver and seller, who holds a post elsewhere."""
    made = create_user("claire", by=world.system, roles=["approver", "sales"], email="claire@example.com")
    south = Post.objects.create(code="S1", name="South", territory=Territory.objects.create(code="S", name="S"))
    PostHolding.objects.create(post=south, user=made, during=(TODAY - timedelta(days=9), None))
    return made


def waiting(world: World, by: User) -> Order:
    return Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", Decimal(60)),), "web"), by=by).number)


def test_a_stand_in_sees_and_decides_while_it_runs(world: World, colleague: User) -> None:
    order, post = waiting(world, world.sales), Post.objects.get(code="NORTH2")
    assert not queue(colleague).exists()
    made = delegate(post.pk, colleague.pk, TODAY, WEEK, by=world.approver)
    assert list(queue(colleague)) == [order] and world.post.pk in visible_posts(colleague)
    assert world.post.pk not in visible_posts(colleague, delegated=False)
    mine = waiting(world, colleague)  # entered by who stands in
    assert mine not in queue(colleague)
    with pytest.raises(Forbidden, match="Nobody approves what they entered"):
        decide(mine.pk, None, by=colleague)
    assert decide(order.pk, None, by=colleague).status == "approved"
    end_delegation(made.pk, by=world.approver)
    assert not queue(colleague).exists() and not Delegation.objects.exists()


def test_it_counts_on_its_days_and_while_the_post_is_held(world: World, colleague: User) -> None:
    post = Post.objects.get(code="NORTH2")
    waiting(world, world.sales)
    later = delegate(post.pk, colleague.pk, TODAY + timedelta(days=1), WEEK, by=world.approver)
    assert not queue(colleague).exists()
    Delegation.objects.filter(pk=later.pk).update(during=(TODAY - timedelta(days=3), WEEK))
    assert queue(colleague).exists()
    end_delegation(later.pk, by=colleague)  # also who was asked
    assert Delegation.objects.get().during.upper == TODAY and not queue(colleague).exists()
    with pytest.raises(NotFound):
        end_delegation(later.pk, by=world.approver)
    delegate(post.pk, colleague.pk, TODAY, WEEK, by=world.approver)
    hand_over(post.pk, None, TODAY, "left", by=world.manager)
    assert not queue(colleague).exists()


def test_who_may_not(world: World, colleague: User) -> None:
    post, other = Post.objects.get(code="NORTH2"), Post.objects.get(code="NORTH1")
    cases: list[tuple[type[Exception], dict[str, Any]]] = [
        (Forbidden, {"post": other.pk}), (Forbidden, {"by": world.warehouse}), (Invalid, {"first": TODAY - timedelta(days=1)}),
        (Invalid, {"last": TODAY - timedelta(days=1)}), (Invalid, {"last": TODAY + timedelta(days=400)}),
        (Invalid, {"to": world.approver.pk}), (Invalid, {"to": world.warehouse.pk}), (Invalid, {"to": 0}),
    ]  # fmt: skip
    for error, wrong in cases:
        asked = {"post": post.pk, "to": colleague.pk, "first": TODAY, "last": WEEK, "by": world.approver, **wrong}
        with pytest.raises(error):
            delegate(asked["post"], asked["to"], asked["first"], asked["last"], by=asked["by"])
    delegate(post.pk, colleague.pk, TODAY, WEEK, by=world.approver)
    with pytest.raises(Conflict, match="already"):
        delegate(post.pk, colleague.pk, WEEK, WEEK, by=world.approver)
    assert Delegation.objects.count() == 1
    with pytest.raises(Forbidden):  # nothing is given away of what one only stands in for
        hand_over(world.post.pk, None, TODAY, "", by=colleague)


@pytest.mark.parametrize(
    ("change", "rule"),
    [("to_id = by_id", "delegation_to_another"), ("during = daterange(NULL, '2030-01-01')", "delegation_dated"), ("during = daterange('2030-01-01', NULL)", "delegation_dated")],
)
def test_the_database_refuses(world: World, colleague: User, change: str, rule: str) -> None:
    made = delegate(Post.objects.get(code="NORTH2").pk, colleague.pk, TODAY, WEEK, by=world.approver)
    with pytest.raises(IntegrityError, match=rule), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE customers_delegation SET {change} WHERE id = %s", [made.pk])
    with pytest.raises(IntegrityError, match="delegation_once"), transaction.atomic():
        Delegation.objects.create(post=made.post, by=made.by, to=made.to, during=made.during)


def test_on_the_page(world: World, colleague: User) -> None:
    client, url = Client(), reverse("orders:delegations")
    client.force_login(world.approver, backend="django.contrib.auth.backends.ModelBackend")
    body = {"post": Post.objects.get(code="NORTH2").pk, "to": colleague.pk, "first": TODAY.isoformat(), "last": WEEK.isoformat()}
    assert client.post(url, {**body, "last": "2020-01-01"}).status_code == 400
    assert client.post(url, body).status_code == 302
    assert "Approver North" in client.get(url).content.decode()
    assert client.post(reverse("orders:delegation-end", args=[Delegation.objects.get().pk])).status_code == 302
    assert "Nobody stands in" in client.get(url).content.decode()
