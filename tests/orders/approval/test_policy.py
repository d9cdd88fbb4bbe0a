"""Policies as versioned data: bands, discount, class, orders together, two persons, two-person activation, rehearsal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.utils.timezone import now

from customers.models import Territory
from oms.access.services import create_user
from oms.changes.services import confirm
from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from orders.approval.domain import Limit, fitting, read_limits
from orders.approval.models import PolicyLimit
from orders.approval.selectors import band, limits_of, policy_at, rehearse
from orders.approval.services import checked_rules, decide, propose_policy
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import recall, submit
from orders.models import Approval, ApprovalPolicy, Order
from tests.world import World

RULES = {"auto_limit": "500", "auto_max_discount": "0", "minimum_margin": "0.1", "approver_limit": "5000", "approver_max_discount": "1",
         "second_above": "", "together_hours": "0", "escalate_hours": "24", "claim_days": "2"}  # fmt: skip


def rule(world: World, **more: Any) -> ApprovalPolicy:
    """The next version, in force since long ago."""
    version = ApprovalPolicy.objects.count() + 1
    made = checked_rules({**RULES, **{k: str(v) for k, v in more.items()}})
    made.version, made.active_from, made.proposed_by = version, datetime(1990, 1, version, tzinfo=UTC), world.manager
    made.save(force_insert=True)
    return made


def enter(world: World, *lines: tuple[str, int], **more: Any) -> Order:
    """An order of ACME."""
    asked = tuple(LineRequest(sku, Decimal(q), **more) for sku, q in lines)
    return Order.objects.get(number=submit(EntryRequest("ACME", asked, "web"), by=world.sales).number)


def manager(world: World, name: str) -> Any:
    """Another manager."""
    return create_user(name, by=world.system, password="a-Test-password-9", roles=["manager"])


def test_orders_of_one_customer_within_the_hours_count_together(world: World) -> None:
    rule(world, together_hours=24)
    first, second = enter(world, ("A", 30)), enter(world, ("A", 30))
    assert (first.status, second.status) == ("approved", "submitted")
    Order.objects.filter(pk=first.pk).update(submitted_at=now() - timedelta(hours=25))
    Order.objects.filter(pk=second.pk).update(submitted_at=now() - timedelta(hours=30))
    assert enter(world, ("A", 30)).status == "approved"


def test_an_approver_does_not_get_around_the_limit_by_two_orders(world: World) -> None:
    rule(world, together_hours=24, auto_limit=0, approver_limit=700)
    first, second = enter(world, ("A", 40)), enter(world, ("A", 40))
    for order in (first, second):
        with pytest.raises(Forbidden) as refused:
            decide(order.pk, None, by=world.approver)
        assert refused.value.code == "above_limit" and "400" in str(refused.value)
    assert Order.objects.filter(status="approved").count() == 0
    assert decide(first.pk, None, by=world.manager).status == "approved"


def test_above_its_discount_an_approver_leaves_it_to_a_manager(world: World) -> None:
    rule(world, approver_max_discount="0.1")
    order = enter(world, ("A", 60), discount=Decimal("0.15"), reason="fair")
    with pytest.raises(Forbidden) as refused:
        decide(order.pk, None, by=world.approver)
    assert refused.value.code == "above_discount" and "15 %" in str(refused.value)
    assert decide(order.pk, None, by=world.manager).status == "approved"


def test_a_class_has_limits_of_its_own(world: World) -> None:
    policy = rule(world)
    PolicyLimit.objects.create(policy=policy, customer_class=1, auto_limit=100, approver_limit=200)
    order = enter(world, ("A", 30))
    assert order.status == "submitted"
    with pytest.raises(Forbidden):
        decide(order.pk, None, by=world.approver)


def test_two_persons_approve_above_the_amount_never_the_same_twice(world: World) -> None:
    rule(world, second_above=700)
    order = enter(world, ("A", 80))
    assert decide(order.pk, None, by=world.approver).status == "submitted"
    order.refresh_from_db()
    assert (order.lines.get().quantity_approved, Approval.objects.get().by) == (0, world.approver)
    with pytest.raises(Forbidden) as refused:
        decide(order.pk, None, by=world.approver)
    assert refused.value.code == "second_person" and Approval.objects.count() == 1
    assert decide(order.pk, None, by=world.manager).status == "approved"
    assert order.lines.get().quantity_approved == 80


def test_a_first_approval_of_other_content_does_not_count(world: World) -> None:
    rule(world, second_above=700)
    order = enter(world, ("A", 80))
    decide(order.pk, None, by=world.approver)
    Order.objects.filter(pk=order.pk).update(content_hash=b"2" * 32)
    assert decide(order.pk, None, by=world.manager).status == "submitted"
    assert Approval.objects.count() == 2
    assert recall(order.pk, by=world.sales).status == "draft"


def test_an_order_keeps_its_version(world: World) -> None:
    order = enter(world, ("A", 80))
    rule(world, approver_limit=100)
    assert decide(order.pk, None, by=world.approver).status == "approved"
    with pytest.raises(Forbidden):
        decide(enter(world, ("A", 60)).pk, None, by=world.approver)


def test_a_version_is_proposed_by_one_and_activated_by_another(world: World) -> None:
    change = propose_policy({**RULES, "auto_limit": "50"}, "losses", by=world.manager)
    assert policy_at(now()).version == 1
    with pytest.raises(Forbidden):
        confirm(change.pk, by=world.manager)
    with pytest.raises(Conflict):
        propose_policy(RULES, "again", by=world.manager)
    confirm(change.pk, by=manager(world, "second"))
    active = policy_at(now() + timedelta(minutes=1))
    assert (active.version, active.auto_limit, active.proposed_by) == (2, Decimal(50), world.manager)
    with pytest.raises(DatabaseError), transaction.atomic():
        ApprovalPolicy.objects.update(auto_limit=10_000)


def test_a_proposal_is_stale_when_another_version_came_before(world: World) -> None:
    change = propose_policy(RULES, "losses", by=world.manager)
    rule(world)
    with pytest.raises(Stale):
        confirm(change.pk, by=manager(world, "second"))
    with pytest.raises(Invalid) as refused:
        propose_policy({**RULES, "minimum_margin": "2", "claim_days": "x"}, "wrong", by=world.manager)
    assert [e["field"] for e in refused.value.data["errors"]] == ["minimum_margin", "claim_days"]
    with pytest.raises(Forbidden):
        propose_policy(RULES, "mine", by=world.approver)


def test_rehearsed_against_the_last_weeks_it_names_what_would_be_decided_otherwise(world: World) -> None:
    small, middle, large = enter(world, ("A", 10)), enter(world, ("A", 40)), enter(world, ("B", 30), ("A", 20))
    assert [small.status, middle.status, large.status] == ["approved", "approved", "submitted"]
    looked, found = rehearse(checked_rules({**RULES, "auto_limit": "200", "approver_limit": "300", "second_above": "700"}), [], now() - timedelta(days=28))
    assert looked == 3
    assert [(o.number, o.was, o.would) for o in found] == [
        (large.number, "approver", "two persons"), (middle.number, "policy", "manager")]  # fmt: skip
    assert rehearse(checked_rules(RULES), [], now() - timedelta(days=28)) == (3, [])
    assert rehearse(checked_rules(RULES), [Limit(1, "", Decimal(50), Decimal(5_000))], now() - timedelta(days=28))[1][-1].would == "approver"


def test_limits_are_read_a_line_each_and_what_is_none_is_named() -> None:
    limits, wrong = read_limits("1 * 2000 20000\n\n* fr-s 500, 5000\n* * 1 2\n12 * 1 2\n1 * 1 2\n1 FR 1\n0 FR -1 2\n0 FR x 2\n0 FR 1 1e99")
    assert [str(x) for x in limits] == ["1 * 2000 20000", "* FR-S 500 5000"]
    assert wrong == [4, 5, 6, 7, 8, 9, 10]


def test_the_nearest_region_counts_then_the_class() -> None:
    def limit(klass: int | None, region: str) -> Limit:
        return Limit(klass, region, Decimal(1), Decimal(1))

    all_of_them = [limit(1, ""), limit(None, "EU"), limit(None, "FR"), limit(1, "FR"), limit(2, "FR-S"), limit(None, "IT")]
    up = ("FR-S", "FR", "EU")
    assert fitting(all_of_them, 1, up) == limit(1, "FR")
    assert fitting(all_of_them, 2, up) == limit(2, "FR-S")
    assert fitting(all_of_them, None, up) == limit(None, "FR")
    assert fitting(all_of_them, 1, ("DE", "EU")) == limit(None, "EU")
    assert fitting(all_of_them, 1, ("US",)) == limit(1, "")
    assert fitting(all_of_them, 3, ("US",)) is None


def test_entry_decision_and_rehearsal_choose_the_same_limit(world: World) -> None:
    """Each set of limits, by the head of the entry, by the order's band and by the pure rule."""
    region = world.customer.post.territory
    above, away = (Territory.objects.create(code=code, name=code) for code in ("TOP", "AWAY"))
    Territory.objects.filter(pk=region.pk).update(parent=above)
    customer_class = world.customer.customer_class
    for n, named in enumerate([[(customer_class, None)], [(None, above)], [(None, above), (customer_class, None)], [(None, above), (None, region)],
                               [(None, region), (customer_class, region)], [(customer_class + 1, None), (None, away)], [(customer_class + 1, region), (None, above)]]):  # fmt: skip
        policy = rule(world, auto_limit=10, approver_limit=20)
        for m, (klass, territory) in enumerate(named):
            PolicyLimit.objects.create(policy=policy, customer_class=klass, territory=territory, auto_limit=100 * (m + 1), approver_limit=1_000 * (m + 1))
        order = enter(world, ("A", 1))
        chosen = fitting(limits_of(policy), customer_class, (region.code, "TOP"))
        expected = (chosen.auto_limit, chosen.approver_limit) if chosen else (Decimal(10), Decimal(20))
        found = band(policy, order)
        assert (found.version, found.auto_limit, found.approver_limit) == (policy.version, *expected), n
        assert (order.status == "approved") == (order.net <= expected[0]), n


def test_limits_are_proposed_rehearsed_and_put_into_force(world: World) -> None:
    code = world.customer.post.territory.code
    with pytest.raises(Invalid) as refused:
        propose_policy({**RULES, "limits": "1 NOWHERE 1 2"}, "x", by=world.manager)
    assert "NOWHERE" in str(refused.value) and refused.value.data["errors"][0]["field"] == "limits"
    with pytest.raises(Invalid):
        propose_policy({**RULES, "limits": "1 2"}, "x", by=world.manager)
    confirm(propose_policy({**RULES, "limits": f"* {code} 50 600"}, "region", by=world.manager).pk, by=manager(world, "second"))
    assert [str(x) for x in limits_of(policy_at(now() + timedelta(minutes=1)))] == [f"* {code} 50 600"]
    order = enter(world, ("A", 30))
    assert order.status == "submitted" and decide(order.pk, None, by=world.approver).status == "approved"
    confirm(propose_policy(RULES, "goes on", by=world.manager).pk, by=manager(world, "third"))
    assert [str(x) for x in limits_of(policy_at(now() + timedelta(minutes=2)))] == [f"* {code} 50 600"]
    with pytest.raises(DatabaseError, match="policy_limit_once"), transaction.atomic():
        for _n in range(2):
            PolicyLimit.objects.create(policy=ApprovalPolicy.objects.first(), customer_class=7, auto_limit=1, approver_limit=1)
    for wrong, rule_name in (({}, "policy_limit_of_somebody"), ({"customer_class": 3, "auto_limit": -1}, "policy_limit_amounts")):
        with pytest.raises(DatabaseError, match=rule_name), transaction.atomic():
            PolicyLimit.objects.create(**{"policy": ApprovalPolicy.objects.first(), "auto_limit": 1, "approver_limit": 1, **wrong})
