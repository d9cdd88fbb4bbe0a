"""The inbox: what waits is there for those who can clear it, within the row filter, and leaves when it is cleared."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from customers.models import Post, PostHolding
from oms.kernel.errors import Invalid, NotFound
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.holds.services import release_hold
from orders.models import Hold, Order
from payments.models import CreditAccount
from reporting.problems.selectors import count, problem_kinds, problems
from reporting.problems.services import mark
from tests.world import World

pytestmark = pytest.mark.django_db


def held(world: World) -> Order:
    """An order above the credit limit."""
    CreditAccount.objects.update(limit=100)
    return Order.objects.get(number=submit(EntryRequest("ACME", (LineRequest("A", Decimal(90)),), "web"), by=world.sales).number)


def codes(found: list) -> list[tuple[str, str]]:
    return [(p.kind.code, p.number) for p in found]


def test_a_hold_is_a_problem_of_who_may_release_it_and_leaves_with_it() -> None:
    world = World.make()
    order = held(world)
    assert codes(problems(world.finance)) == [("hold.credit", order.number)]
    assert problems(world.finance)[0].amount == Decimal("1080")
    assert (problems(world.sales), codes(problems(world.sales, mine=False))) == ([], [("hold.credit", order.number)])
    assert (count(world.finance), count(world.sales)) == (1, 0)
    release_hold(Hold.objects.get().pk, "they paid by phone", by=world.finance)
    assert problems(world.finance) == []


def test_an_order_of_another_subtree_is_nobodys_problem_there() -> None:
    world = World.make()
    held(world)
    elsewhere = Post.objects.create(code="ELSE", name="Elsewhere", territory=world.post.territory.parent.children.create(code="S", name="S"))
    PostHolding.objects.filter(user=world.sales).update(post=elsewhere)
    assert problems(world.sales, mine=False) == []


def test_a_claim_that_ran_out_waits_for_the_approver() -> None:
    world = World.make()
    number = submit(EntryRequest("ACME", (LineRequest("A", Decimal(90)),), "web"), by=world.sales).number
    assert problems(world.approver) == []
    Order.objects.update(claim_expires_at=timezone.now() - timedelta(hours=1))
    assert codes(problems(world.approver)) == [("claim.expired", number)]


def test_what_is_put_away_comes_back_and_notes_stay() -> None:
    world = World.make()
    order = held(world)
    hold = Hold.objects.get(order=order)
    mark("hold.credit", hold.pk, by=world.finance, note="called them", claim=True, snoozed_until=timezone.now() + timedelta(days=1))
    assert (problems(world.finance), count(world.finance)) == ([], 0)
    (seen,) = problems(world.finance, snoozed=True)
    assert (seen.note, seen.claimed_by) == ("called them", "finance")
    mark("hold.credit", hold.pk, by=world.finance, wake=True)
    assert problems(world.finance)[0].note == "called them"
    with pytest.raises(Invalid):
        mark("hold.credit", hold.pk, by=world.finance, snoozed_until=timezone.now() - timedelta(days=1))
    with pytest.raises(NotFound):
        mark("no.such", 1, by=world.finance)


def test_every_kind_runs_and_names_a_page_that_exists(django_assert_num_queries) -> None:
    world = World.make()
    order = held(world)
    for kind in problem_kinds().values():
        assert reverse(kind.page, args=["1"])
        assert kind.roles and str(kind.label) and str(kind.action)
    client = Client()
    client.force_login(world.finance, backend="django.contrib.auth.backends.ModelBackend")
    page = client.get(reverse("reporting:problems")).content.decode()
    assert order.number in page and "Release the hold" in page
    client.post(reverse("reporting:problem-mark"), {"kind": "hold.credit", "subject": Hold.objects.get().pk, "claim": "1"})
    assert problems(world.finance)[0].claimed_by == "finance"
