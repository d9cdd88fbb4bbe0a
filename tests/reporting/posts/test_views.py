"""Pages of posts, and what a hand-over does to figures, problems and targets."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange
from django.urls import reverse
from django.utils import timezone

from customers.models import Post, PostHolding
from customers.territory.services import hand_over
from oms.access.services import create_user
from oms.changes.services import confirm
from oms.events.tasks import drain_all
from orders.models import Order
from payments.models import CreditAccount
from reporting.facts.models import FigureMark
from reporting.facts.selectors import scope
from reporting.facts.services import propose_target
from reporting.performance.choices import Dimension
from reporting.performance.selectors import Selection, breakdown, months_before, targets
from reporting.problems.models import ProblemMark
from reporting.problems.selectors import problems
from reporting.problems.services import mark, pass_on_claims
from tests.reporting.conftest import days_ago, order
from tests.reporting.facts.test_services import count
from tests.world import World

TODAY = timezone.now().date()


def newcomer(world: World, name: str = "nora") -> Any:
    return create_user(name, by=world.system, roles=["sales"], first_name=name.title())


def test_a_manager_hands_over_on_a_page_that_says_what_goes_and_what_stays(as_: Any, world: World, journey: Order) -> None:
    count(world)
    nora, manager = newcomer(world), as_("manager")
    page = manager.get(reverse("reporting:post-hand-over", args=["LYON1"])).content.decode()
    assert "Sales holds it" in page.replace("\n", " ") and "Nora" in page and "Money in hand" in page
    wrong = manager.post(reverse("reporting:post-hand-over", args=["LYON1"]), {"successor": nora.pk, "since": (TODAY - timedelta(days=1)).isoformat()})
    assert wrong.status_code == 400 and "today or later" in wrong.content.decode()
    done = manager.post(reverse("reporting:post-hand-over", args=["LYON1"]), {"successor": nora.pk, "since": TODAY.isoformat(), "note": "leaves"})
    assert done.status_code == 302
    post = manager.get(reverse("reporting:post-detail", args=["LYON1"])).content.decode()
    assert "Nora" in post and "leaves" in post and "Acme Tools" in post
    assert "Nora" in manager.get(reverse("reporting:posts")).content.decode()
    assert as_("sales").get(reverse("reporting:posts")).status_code == 403
    assert manager.get(reverse("reporting:post-detail", args=["NOWHERE"])).status_code == 404


def test_pages_take_a_fixed_number_of_statements(as_: Any, world: World, journey: Order, django_assert_max_num_queries: Any) -> None:
    manager = as_("manager")
    manager.get(reverse("reporting:posts"))
    for name, arguments in (("posts", []), ("post-detail", ["LYON1"]), ("post-hand-over", ["LYON1"]), ("post-customers", ["LYON1"])):
        with django_assert_max_num_queries(12):
            assert manager.get(reverse(f"reporting:{name}", args=arguments)).status_code == 200


def test_customers_are_given_away_on_a_page_and_their_day_is_counted_again(as_: Any, world: World) -> None:
    second = Post.objects.create(code="LYON2", name="Sales Lyon 2", territory=world.post.territory)
    order(world, ("A", 10))
    count(world)
    manager = as_("manager")
    empty = manager.post(reverse("reporting:post-customers", args=["LYON1"]), {"to": second.pk})
    assert empty.status_code == 400
    done = manager.post(reverse("reporting:post-customers", args=["LYON1"]), {"customers": [world.customer.pk], "to": second.pk})
    assert done.status_code == 302
    drain_all()
    assert FigureMark.objects.filter(customer=world.customer, day=TODAY).exists()
    assert "Sales Lyon 2" in manager.get(reverse("reporting:post-detail", args=["LYON1"])).content.decode()
    count(world)
    rows = breakdown(scope(world.manager), Selection(TODAY.replace(day=1), "EUR"), Dimension.POST, TODAY, {})
    assert {r.key: r.sums["ordered"] for r in rows if r.sums["ordered"]} == {"LYON2": 100}


def test_figures_by_person_are_right_on_both_sides_of_a_hand_over(world: World) -> None:
    nora, cut = newcomer(world), days_ago(3).date()
    order(world, ("A", 10), at=days_ago(5))
    order(world, ("A", 20), at=days_ago(1))
    count(world)
    PostHolding.objects.filter(post=world.post).update(during=DateRange(date(1990, 1, 1), cut))
    PostHolding.objects.create(post=world.post, user=nora, during=DateRange(cut, None))
    found: dict[str, Decimal] = {}
    for month in {TODAY.replace(day=1), months_before(TODAY.replace(day=1), 1)}:
        for row in breakdown(scope(world.manager), Selection(month, "EUR"), Dimension.PERSON, TODAY, {}):
            found[row.key] = found.get(row.key, Decimal(0)) + row.sums["ordered"]
    assert found == {"sales": 100, "nora": 200}


def test_a_persons_target_is_the_posts_by_the_days_they_held_it(world: World) -> None:
    month = date(2025, 4, 1)
    confirm(propose_target(month, "LYON1", "", "delivered", "EUR", Decimal(3_000), "x", by=world.manager).pk, by=world.finance)
    nora = newcomer(world)
    PostHolding.objects.filter(post=world.post).update(during=DateRange(date(1990, 1, 1), date(2025, 4, 11)))
    PostHolding.objects.create(post=world.post, user=nora, during=DateRange(date(2025, 4, 11), date(2025, 4, 26)))
    seen, chosen = scope(world.manager), Selection(month, "EUR")
    assert targets(seen, chosen) == {("LYON1", "delivered"): 3_000}
    assert targets(seen, chosen, Dimension.PERSON) == {("sales", "delivered"): 1_000, ("nora", "delivered"): 1_500}
    assert targets(seen, Selection(month, "EUR", person="nora")) == {("LYON1", "delivered"): 1_500}


def held(world: World) -> Order:
    CreditAccount.objects.update(limit=100)
    return order(world, ("A", 90))


def test_claims_go_to_the_successor_and_those_nobody_lost_sight_of_stay(world: World) -> None:
    held(world)
    (found,) = problems(world.sales, mine=False)
    mark(found.kind.code, found.subject_id, by=world.sales, claim=True)
    mark(found.kind.code, found.subject_id + 1, by=world.sales, claim=True)
    assert pass_on_claims(by=world.system) == 0
    nora = newcomer(world)
    hand_over(world.post.pk, nora.pk, TODAY, "", by=world.manager)
    drain_all()
    claims = dict(ProblemMark.objects.values_list("subject_id", "claimed_by__username"))
    assert claims == {found.subject_id: "nora", found.subject_id + 1: "sales"}, "the second is no problem any more"
    hand_over(world.post.pk, None, TODAY, "", by=world.manager)
    drain_all()
    assert ProblemMark.objects.get(subject_id=found.subject_id).claimed_by is None
    mark(found.kind.code, found.subject_id, by=world.finance, claim=True)
    assert pass_on_claims(by=world.system) == 0
