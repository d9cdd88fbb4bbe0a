"""Quotas: charged under their lock, given back to the unit, held above; parallel orders never exceed one."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from customers.models import Customer
from oms.accounts.selectors import Principal
from oms.kernel.errors import Forbidden, Invalid
from orders.approval.services import Decision, decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.domain.amending import Amendment, LineChange
from orders.entry.services import Key, amend, cancel, quote, recall, recheck, submit
from orders.holds.invariants import INVARIANTS
from orders.holds.services import QuotaRow, quota, release_hold, set_quotas
from orders.models import Hold, Order, Quota, QuotaEntry
from payments.models import CreditAccount
from tests.racing import race
from tests.world import World, make_customer, open_account

TODAY = date.today()
YEAR = (TODAY - timedelta(days=100), TODAY + timedelta(days=265))


def of(world: World, maximum: int, **more: Any) -> Quota:
    """A quota of A (or as said) for ACME (or as said) this year."""
    row = QuotaRow(**{
        "product_id": world.products["A"].pk, "family": "", "customer_id": world.customer.pk, "group": "", "post_id": None,
        "territory_id": None, "first": YEAR[0], "last": YEAR[1], "maximum": maximum, **more,
    })  # fmt: skip
    return Quota.objects.get(pk=set_quotas([row], by=world.manager)[0])


def request(*lines: tuple[str, int], **more: Any) -> EntryRequest:
    return EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", **more)


def enter(world: World, *lines: tuple[str, int], **more: Any) -> Order:
    """An order of ACME."""
    return Order.objects.get(number=submit(request(*lines, **more), by=world.sales).number)


def used() -> list[int]:
    return list(Quota.objects.order_by("pk").values_list("used", flat=True))


def held() -> list[str]:
    return list(Hold.objects.filter(released_at=None).values_list("kind", flat=True))


def sound() -> None:
    """The quota's invariants and the deferred guards hold."""
    connection.check_constraints()
    with connection.cursor() as cursor:
        for invariant in INVARIANTS:
            cursor.execute(invariant.sql)
            assert cursor.fetchall() == [], invariant.code


def test_an_order_is_charged_and_the_hint_says_what_is_left(world: World) -> None:
    of(world, 50)
    assert quote(request(("A", 30)), by=world.sales).lines[0].quota_left == 50
    assert quote(request(("B", 1)), by=world.sales).lines[0].quota_left is None
    order = enter(world, ("A", 20), ("A", 10))
    assert (order.status, used(), QuotaEntry.objects.count()) == ("approved", [30], 2)
    assert quote(request(("A", 1)), by=world.sales).lines[0].quota_left == 20
    sound()


def test_one_above_the_quota_is_held_and_charges_nothing(world: World) -> None:
    of(world, 29)
    answer = submit(request(("A", 30)), by=world.sales)
    assert ([(h.kind, h.code) for h in answer.holds], answer.status) == ([("quota", "quota")], "submitted")
    assert (used(), held(), CreditAccount.objects.get().reserved) == ([0], ["quota"], Decimal(360))


def test_a_release_charges_above_the_maximum(world: World) -> None:
    of(world, 29)
    order = enter(world, ("A", 30))
    with pytest.raises(Forbidden):
        release_hold(Hold.objects.get().pk, "big fair", by=world.approver)
    release_hold(Hold.objects.get().pk, "big fair", by=world.manager)
    assert used() == [30]
    assert decide(order.pk, None, by=world.approver).status == "approved"
    assert enter(world, ("A", 1)).status == "submitted"
    sound()


def test_a_larger_quota_ends_the_hold(world: World) -> None:
    of(world, 29)
    order = enter(world, ("A", 30))
    assert recheck(order.pk, by=world.system) == [] and used() == [0]
    assert of(world, 31).used == 0
    assert recheck(order.pk, by=world.system) == ["quota"]
    assert (used(), held()) == ([30], [])


@pytest.mark.parametrize("whom", ["group", "post", "territory", "family"])
def test_quotas_of_groups_posts_territories_and_families_count(world: World, whom: str) -> None:
    world.customer.group = "fairs"
    world.customer.save()
    above = world.post.territory.parent
    assert above is not None
    more: dict[str, dict[str, Any]] = {
        "group": {"customer_id": None, "group": "fairs"}, "post": {"customer_id": None, "post_id": world.post.pk},
        "territory": {"customer_id": None, "territory_id": above.pk}, "family": {"product_id": None, "family": "Hammers"},
    }  # fmt: skip
    of(world, 8, **more[whom])
    order = enter(world, ("B", 4), ("C", 4), ("A", 8))
    assert (used(), held()) == ([8], [])
    enter(world, ("B", 1), ("A", 1))
    assert (used(), held()) == ([8], ["quota"])
    cancel(order.pk, "not wanted", by=world.sales)
    assert used() == [0]


def test_other_customers_periods_and_groups_do_not_count(world: World) -> None:
    of(world, 1, customer_id=None, group="fairs")
    of(world, 1, first=YEAR[1] + timedelta(days=1), last=YEAR[1] + timedelta(days=9))
    assert enter(world, ("A", 30)).status == "approved" and used() == [0, 0]
    later = enter(world, ("A", 2), requested_date=YEAR[1] + timedelta(days=5))
    assert (later.status, held()) == ("submitted", ["quota"])


def test_cut_less_cancelled_and_recalled_is_given_back_to_the_unit(world: World) -> None:
    of(world, 200)
    order = enter(world, ("A", 90))
    decide(order.pk, {order.lines.get().pk: Decision(60, 10, "no_stock")}, by=world.approver)
    assert used() == [80]
    order.refresh_from_db()
    line = order.lines.get()
    amend(order.pk, Amendment((LineChange(line.pk, quantity=50),)), by=world.sales, version=order.version)
    assert used() == [50]
    order.refresh_from_db()
    amend(order.pk, Amendment((LineChange(line.pk, quantity=70),)), by=world.sales, version=order.version)
    assert used() == [70]
    cancel(order.pk, "not wanted", by=world.sales)
    assert used() == [0]
    again = enter(world, ("A", 90))
    recall(again.pk, by=world.sales)
    assert used() == [0]
    sound()


def test_more_than_the_quota_by_amendment_is_held_another_day_moves_the_charge(world: World) -> None:
    of(world, 40)
    of(world, 35, first=YEAR[1] + timedelta(days=1), last=YEAR[1] + timedelta(days=90))
    order = enter(world, ("A", 30))
    line = order.lines.get()
    amend(order.pk, Amendment(requested_date=YEAR[1] + timedelta(days=2)), by=world.sales, version=order.version)
    assert used() == [0, 30]
    order.refresh_from_db()
    amend(order.pk, Amendment((LineChange(line.pk, quantity=36),)), by=world.sales, version=order.version)
    assert (used(), held()) == ([0, 30], ["quota"])
    sound()


def test_bad_quotas_are_refused(world: World) -> None:
    for wrong in ({"family": "Hammers"}, {"group": "fairs"}, {"last": YEAR[0] - timedelta(days=1)}, {"maximum": -1}):
        with pytest.raises(Invalid):
            of(world, **{"maximum": 5, **wrong})
    with pytest.raises(Forbidden):
        set_quotas([], by=world.sales)
    assert Quota.objects.count() == 0


@pytest.mark.parametrize("count", [1, 5, 100])
def test_with_quotas_an_order_costs_the_same_statements_for_1_5_and_100_lines(world: World, count: int) -> None:
    of(world, 1_000)
    of(world, 1_000, product_id=None, family="Hammers")
    by = Principal(world.partner.pk, "partner", ("partner",), frozenset({"orders"}), True)
    key = Key(str(uuid.uuid4()), b"1" * 32, lambda answer: b"{}")
    submit(request(("A", 1)), by=by, key=replace(key, value="warm"))
    lines = [("A" if i % 2 else "B", 1) for i in range(count)] if count < 20 else [("A", 1)] * count
    with CaptureQueriesContext(connection) as captured:
        submit(request(*lines), by=by, key=key)
    assert len([q for q in captured if "SAVEPOINT" not in q["sql"]]) + 1 <= 12
    assert sum(used()) == count + 1


# Races


@pytest.fixture
def live(live_db: str) -> World:
    return World.make()


def twelve(world: World, superuser: Any) -> tuple[int, int, int, Decimal]:
    """(used, charged by entries, orders held, reserved) after twelve orders of 10 at once against a quota of 50 and a limit of 840."""
    of(world, 50)
    CreditAccount.objects.update(limit=Decimal(840))
    race(superuser, ("SELECT FROM orders_quota FOR UPDATE", "SELECT FROM payments_creditaccount FOR UPDATE"),
         [lambda: enter(world, ("A", 10))] * 12)  # fmt: skip
    entries = QuotaEntry.objects.aggregate(n=Sum("units"))["n"] or 0
    return used()[0], entries, Order.objects.filter(status="submitted").count(), CreditAccount.objects.get().reserved


def test_parallel_orders_never_exceed_a_quota_nor_a_limit(live: World, superuser: Any) -> None:
    """Seven orders fit the limit of 840, five the quota of 50: those over the quota are held and stay within the limit."""
    took, entries, waiting, reserved = twelve(live, superuser)
    assert took == entries == 50 and waiting == 7 and reserved <= Decimal(840)


def twelve_customers(world: World, superuser: Any) -> tuple[int, int, int]:
    """(used, charged by entries, orders held) after one order of 10 of each of twelve customers against their group's 50."""
    for n in range(12):
        customer = make_customer(f"C{n}", f"Customer {n}", world.post)
        Customer.objects.filter(pk=customer.pk).update(group="fairs")
        open_account(customer, Decimal(1_000))
    of(world, 50, customer_id=None, group="fairs")
    asked = [EntryRequest(f"C{n}", (LineRequest("A", Decimal(10)),), "web") for n in range(12)]
    answers = race(superuser, ("SELECT FROM orders_quota FOR UPDATE",), [lambda r=r: submit(r, by=world.sales) for r in asked])
    assert not [a for a in answers if isinstance(a, Exception)], answers
    return used()[0], QuotaEntry.objects.aggregate(n=Sum("units"))["n"], Order.objects.filter(status="submitted").count()


def test_twelve_customers_of_a_group_never_exceed_its_quota(live: World, superuser: Any) -> None:
    assert twelve_customers(live, superuser) == (50, 50, 7)


def test_without_the_lock_they_exceed_it(live: World, superuser: Any, monkeypatch: Any) -> None:
    naive = quota.CHARGE.replace("FOR NO KEY UPDATE", "").replace("used = l.used + s.units", "used = q.used + s.units")
    assert naive != quota.CHARGE
    monkeypatch.setattr(quota, "CHARGE", naive)
    took, entries, waiting = twelve_customers(live, superuser)
    assert took == entries and took > 50 and waiting < 7
