"""Holds end when what opened them is gone, come back when their release runs out, and never by mistake."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.utils.timezone import now

from oms.access.services import create_user
from oms.company.models import TaxRule
from oms.events.models import Event
from oms.events.tasks import drain_all
from oms.kernel.errors import Conflict, Invalid
from orders.approval.services import decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import recheck, submit
from orders.fulfilment.services import release
from orders.holds.selectors import to_look_at
from orders.holds.services import place_hold, release_hold
from orders.models import Hold, Order
from payments.credit.services import block_account, confirm_terms, propose_terms
from payments.models import CreditAccount
from tests.world import World


def enter(world: World, *lines: tuple[str, int], **more: Any) -> Order:
    """An order of ACME."""
    request = EntryRequest("ACME", tuple(LineRequest(sku, Decimal(q)) for sku, q in lines), "web", **more)
    return Order.objects.get(number=submit(request, by=world.sales).number)


def held() -> list[tuple[str, str]]:
    """Open holds: (kind, code)."""
    return list(Hold.objects.filter(released_at=None).order_by("kind").values_list("kind", "code"))


def reserved() -> Decimal:
    return CreditAccount.objects.get().reserved


def test_a_confirmed_limit_ends_the_hold_and_reserves_under_the_same_lock(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(100))
    order = enter(world, ("A", 30))
    assert (held(), reserved()) == ([("credit", "credit_limit")], 0)
    proposal = propose_terms(world.account.pk, Decimal(400), None, "good customer", by=world.finance)
    confirm_terms(proposal, by=second_finance(world))
    drain_all()
    assert (held(), reserved()) == ([], Decimal(360))
    decide(order.pk, None, by=world.approver)
    assert Order.objects.get().status == "approved"


def second_finance(world: World) -> Any:
    """Another person of finance."""
    return create_user("finance2", by=world.system, password="a-Test-password-9", roles=["finance"])


def test_a_limit_that_is_still_too_small_ends_nothing(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(100))
    order = enter(world, ("A", 30))
    CreditAccount.objects.update(limit=Decimal("359.99"))
    before = Event.objects.count()
    assert recheck(order.pk, by=world.system) == []
    assert (held(), reserved(), Event.objects.count()) == ([("credit", "credit_limit")], 0, before)
    assert "0.01" in Hold.objects.get().reason


def test_of_two_held_orders_one_limit_lets_one_through(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(100))
    first, second = enter(world, ("A", 30)), enter(world, ("A", 30))
    CreditAccount.objects.update(limit=Decimal(400))
    assert recheck(first.pk, by=world.system) == ["credit"]
    assert recheck(second.pk, by=world.system) == []
    assert reserved() == Decimal(360) and Hold.objects.get(released_at=None).order == second


def test_a_tax_rule_that_is_added_completes_the_order_and_ends_its_hold(world: World) -> None:
    world.customer.tax_status = "export"
    world.customer.save()
    order = enter(world, ("A", 30))
    assert (held(), order.total, reserved()) == ([("data", "no_tax_rule")], Decimal(300), Decimal(300))
    assert recheck(order.pk, by=world.system) == []
    TaxRule.objects.create(tax_class="standard", tax_status="export", category="export", rate=Decimal("0.1"), valid_from=now().date())
    assert recheck(order.pk, by=world.system) == ["data"]
    order.refresh_from_db()
    line = order.lines.get()
    assert (line.tax_category, line.tax_rate, order.total, reserved(), held()) == ("export", Decimal("0.1"), Decimal(330), Decimal(330), [])


def test_blocked_after_submission_nothing_is_approved_or_released(world: World) -> None:
    waiting, ready = enter(world, ("A", 60)), enter(world, ("A", 30))
    block_account(world.account.pk, "bounced", by=world.finance)
    with pytest.raises(Conflict) as refused:
        decide(waiting.pk, None, by=world.approver)
    assert refused.value.code == "account_blocked" and "Finance" in str(refused.value.who)
    assert release([ready.pk], by=world.manager) == []
    assert Order.objects.get(pk=waiting.pk).status == "submitted"
    CreditAccount.objects.update(blocked=False)
    assert len(release([ready.pk], by=world.manager)) == 1


@pytest.mark.parametrize(
    ("terms", "code", "kind"),
    [
        ({"limit_share": Decimal("0.03")}, "credit_limit", "credit"),
        ({"limit_expires": now().date() - timedelta(days=1)}, "limit_expired", "credit"),
        ({"blocked": True, "blocked_reason": "bounced cheque"}, "account_blocked", "credit"),
        ({"oldest_due_date": now().date() - timedelta(days=31), "amount_overdue": 5}, "overdue_days", "overdue"),
        ({"max_amount_overdue": Decimal(4), "amount_overdue": 5}, "overdue_amount", "overdue"),
    ],
)
def test_every_rule_of_the_account_holds_an_order_and_reserves_nothing(world: World, terms: dict[str, Any], code: str, kind: str) -> None:
    CreditAccount.objects.update(**terms)
    enter(world, ("A", 30))
    assert (held(), reserved()) == ([(kind, code)], 0)


def test_a_release_until_a_time_comes_back_when_it_is_over(world: World) -> None:
    CreditAccount.objects.update(limit=Decimal(100))
    order = enter(world, ("A", 30))
    with pytest.raises(Invalid):
        release_hold(Hold.objects.get().pk, "for today", by=world.finance, until=now() - timedelta(hours=1))
    release_hold(Hold.objects.get().pk, "for today", by=world.finance, until=now() + timedelta(hours=1))
    assert (held(), reserved(), to_look_at(now())) == ([], Decimal(360), [])
    Hold.objects.update(release_until=now() - timedelta(hours=1))
    assert to_look_at(now()) == [order.pk]
    recheck(order.pk, by=world.system)
    assert (held(), reserved()) == ([("credit", "credit_limit")], 0)
    release_hold(Hold.objects.get(released_at=None).pk, "again", by=world.finance)
    assert reserved() == Decimal(360)
    connection.check_constraints()


def test_a_hold_by_hand_stops_what_it_says_until_its_time_is_over(world: World) -> None:
    order = enter(world, ("A", 60))
    place_hold(order.pk, "wait for the drawing", by=world.manager, steps=["approve"], until=now() + timedelta(hours=1))
    with pytest.raises(Conflict):
        decide(order.pk, None, by=world.approver)
    with pytest.raises(Invalid):
        place_hold(order.pk, "x", by=world.manager, steps=["eat"])
    Hold.objects.update(expires_at=now() - timedelta(minutes=1))
    recheck(order.pk, by=world.system)
    assert held() == [] and decide(order.pk, None, by=world.approver).status == "approved"
