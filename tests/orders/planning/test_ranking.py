"""Rank as data: places by the rules in force, previewed before they hold; criticality raised by right, reason and allowance."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse

from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.fulfilment.selectors import backlog
from orders.models import CriticalityUse, Order, RankPolicy
from orders.planning.domain.ranking import FACTORS, Rules, Standing, rank_key
from orders.planning.selectors.rules import by_rank, moves, open_standings, rules_now
from orders.planning.selectors.why import why_line
from orders.planning.services import raise_criticality, set_rank_policy
from tests.racing import race
from tests.world import World, make_customer, open_account

DAY = date.today() + timedelta(days=30)


def order(world: World, customer: str = "ACME", days: int = 0, sku: str = "A", quantity: int = 1) -> Order:
    request = EntryRequest(customer, (LineRequest(sku, Decimal(quantity)),), "web", requested_date=DAY + timedelta(days=days))
    return Order.objects.get(number=submit(request, by=world.system).number)


def classes(world: World) -> dict[str, int]:
    """Customers of several classes: code → class."""
    for c in (0, 3):
        customer = make_customer(f"K{c}", f"Class {c}", world.post)
        customer.customer_class = c
        customer.save()
        open_account(customer, Decimal(100_000))
    return {"K0": 0, "ACME": 1, "K3": 3}


def test_places_follow_the_built_in_rules_until_others_hold(world: World) -> None:
    classes(world)
    late, acme, third = order(world, "K0", days=9), order(world), order(world, "K3", days=-3)
    assert [o.pk for o in backlog(world.manager)] == [late.pk, acme.pk, third.pk]
    set_rank_policy(["requested_date", "customer_class", "criticality", "age"], {}, "improve", 10, "dates first", by=world.manager)
    assert [o.pk for o in backlog(world.manager)] == [third.pk, acme.pk, late.pk]


def test_a_strategy_goes_before_every_factor(world: World) -> None:
    classes(world)
    first, second = order(world, "K0"), order(world, "K3")
    set_rank_policy(FACTORS, {3: "win"}, "improve", 10, "key accounts", by=world.manager)
    assert [o.pk for o in backlog(world.manager)] == [second.pk, first.pk]
    assert rules_now() == Rules(1, FACTORS, {3: "win"}, "improve")


def test_the_database_sorts_as_the_pure_key_does(world: World) -> None:
    classes(world)
    for customer, days in product(("K0", "ACME", "K3"), (0, 5)):
        order(world, customer, days)
    raise_criticality(Order.objects.order_by("-pk")[0].pk, 0, "line down", by=world.manager)
    for rules in (Rules(), Rules(1, ("age", "criticality", "requested_date", "customer_class"), {3: "gain", 0: "skip"})):
        expected = [s.order_id for s in sorted(open_standings(), key=lambda s: rank_key(rules, s))]
        assert list(by_rank(Order.objects.all(), rules).values_list("pk", flat=True)) == expected


def test_release_and_the_explanation_go_by_the_same_rules(world: World) -> None:
    classes(world)
    big, mine = order(world, "K0", sku="B", quantity=4), order(world, sku="B", quantity=4)
    found = Order.objects.select_related("ship_to").prefetch_related("lines__product").get(pk=mine.pk)
    assert why_line(world.manager, found, found.lines.all()[0]).place == 2
    set_rank_policy(FACTORS, {1: "win"}, "improve", 10, "turned round", by=world.manager)
    seen = why_line(world.manager, found, found.lines.all()[0])
    assert (seen.place, seen.rules) == (1, 1)
    from orders.planning.selectors import due_lines

    assert [d.order_id for d in due_lines([big.pk, mine.pk], found.entered_at, early=True)] == [mine.pk, big.pk]


def test_moves_say_who_gains_and_who_loses() -> None:
    standings = [Standing(n, True, n, 2, DAY - timedelta(days=n), DAY) for n in (1, 2, 3)]
    new = Rules(0, ("requested_date", "customer_class", "criticality", "age"))
    found = moves(Rules(), new, standings)
    assert [(m.order_id, m.before, m.after, m.up) for m in found] == [(3, 3, 1, 2), (1, 1, 3, -2)]


def test_rules_need_right_reason_and_a_fresh_look(world: World) -> None:
    with pytest.raises(Forbidden):
        set_rank_policy(FACTORS, {}, "gain", 10, "x", by=world.sales)
    with pytest.raises(Invalid, match="Each factor"):
        set_rank_policy(["age", "age", "criticality", "requested_date"], {}, "improve", 10, "x", by=world.manager)
    with pytest.raises(Invalid, match="Say why"):
        set_rank_policy(FACTORS, {}, "gain", 10, " ", by=world.manager)
    with pytest.raises(Conflict, match="in force"):
        set_rank_policy(FACTORS, {2: "improve"}, "improve", 10, "x", by=world.manager)
    set_rank_policy(FACTORS, {}, "gain", 10, "x", by=world.manager, base_version=0)
    with pytest.raises(Stale):
        set_rank_policy(FACTORS, {}, "win", 10, "x", by=world.manager, base_version=0)
    assert RankPolicy.objects.count() == 1


def test_versions_are_append_only(world: World) -> None:
    set_rank_policy(FACTORS, {}, "gain", 10, "x", by=world.manager)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE orders_rankpolicy SET criticality_allowance = 99")
    assert RankPolicy.objects.get().criticality_allowance == 10


def test_criticality_takes_a_right_a_reason_and_an_allowance(world: World) -> None:
    set_rank_policy(FACTORS, {}, "improve", 1, "one a month", by=world.manager)
    first, second = order(world), order(world)
    with pytest.raises(Forbidden):
        raise_criticality(first.pk, 0, "x", by=world.warehouse)
    with pytest.raises(Invalid):
        raise_criticality(first.pk, 0, "", by=world.sales)
    raise_criticality(first.pk, 0, "line down", by=world.sales)
    with pytest.raises(Conflict, match="used its 1 raises") as refused:
        raise_criticality(second.pk, 1, "me too", by=world.sales)
    assert refused.value.code == "allowance_used"
    assert Order.objects.get(pk=second.pk).criticality == 2
    raise_criticality(first.pk, 3, "solved", by=world.sales)
    assert (Order.objects.get(pk=first.pk).criticality, CriticalityUse.objects.get().used) == (3, 1)


def test_who_holds_no_post_has_no_allowance(world: World) -> None:
    made = order(world)
    world.sales.post_holdings.all().delete()
    with pytest.raises(Conflict, match="no post"):
        raise_criticality(made.pk, 0, "line down", by=world.sales)
    assert Order.objects.get(pk=made.pk).criticality == 2


def client(user: Any) -> Client:
    made = Client()
    made.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return made


def test_the_page_previews_and_puts_into_force(world: World) -> None:
    classes(world)
    order(world, "K0"), order(world, "K3")
    page = client(world.manager)
    form = {"first": "customer_class", "second": "criticality", "third": "requested_date", "fourth": "age", "default": "improve",
            "allowance": "5", "base": "0", "reason": "", **{f"class_{c}": "improve" for c in range(5)}, "class_3": "win"}  # fmt: skip
    seen = page.get(reverse("orders:rank-preview"), form).content.decode()
    assert "2 of 2 open orders would move." in seen and RankPolicy.objects.count() == 0
    assert page.post(reverse("orders:rank-rules"), form).status_code == 400
    assert page.post(reverse("orders:rank-rules"), {**form, "reason": "key accounts"}).status_code == 302
    assert (RankPolicy.objects.get().strategies, RankPolicy.objects.get().criticality_allowance) == ({"3": "win"}, 5)
    assert "key accounts" in page.get(reverse("orders:rank-rules")).content.decode()


def test_the_order_page_leads_to_its_criticality(world: World) -> None:
    made = order(world)
    page = client(world.sales)
    url = reverse("orders:criticality", args=[made.number])
    assert url in page.get(reverse("orders:order-detail", args=[made.number])).content.decode()
    assert "10 raises are left this month" in page.get(url).content.decode()
    assert page.post(url, {"criticality": "0", "reason": "line down"}).status_code == 302
    assert Order.objects.get(pk=made.pk).criticality == 0
    assert "1</td>" in client(world.manager).get(reverse("orders:rank-rules")).content.decode()


def test_two_at_once_share_one_allowance(live_db: str, superuser: Any) -> None:
    world = World.make()
    set_rank_policy(FACTORS, {}, "improve", 1, "one a month", by=world.manager)
    made = [order(world), order(world)]

    def raised(n: int) -> str:
        try:
            raise_criticality(made[n].pk, 0, "line down", by=world.sales)
        except Conflict as error:
            return error.code
        return "raised"

    answers = race(superuser, ["LOCK TABLE orders_criticalityuse IN SHARE MODE"], [lambda: raised(0), lambda: raised(1)])
    assert sorted(answers) == ["allowance_used", "raised"]
    assert CriticalityUse.objects.get().used == 1
