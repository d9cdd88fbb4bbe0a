"""Plan runs: what is short gets dates when supply comes, and nothing promised gets worse."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command

from inventory.stock.services.receipts import expect_receipt
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order, PlanRun, Promise
from orders.planning.selectors import last_promises
from orders.planning.services import Kept, improve, run
from tests.world import World


def order(world: World, sku: str, quantity: int) -> Order:
    """An order the policy approves by itself."""
    request = EntryRequest("ACME", (LineRequest(sku, Decimal(quantity)),), "web")
    return Order.objects.get(number=submit(request, by=world.sales).number)


def test_a_run_dates_what_was_short_in_rank_order(world: World) -> None:
    first, second = order(world, "B", 14), order(world, "B", 5)
    assert last_promises([first.lines.get().pk])[first.lines.get().pk].quantity == 10
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    counts = run(lambda done, total: None, by=world.system, slot="t1")
    assert counts == {"looked_at": 2, "improved": 2, "kept": 0}
    assert Promise.objects.filter(line__order=first).latest("pk").quantity == 14
    assert Promise.objects.filter(line__order=second).latest("pk").quantity == 2
    assert PlanRun.objects.get().state == "published"


def test_an_order_that_cannot_get_better_is_kept_untouched(world: World) -> None:
    short = order(world, "B", 14)
    before = list(short.schedule_lines.values_list("pk", "version", "quantity"))
    with pytest.raises(Kept):
        improve(short.pk, by=world.system)
    assert list(short.schedule_lines.values_list("pk", "version", "quantity")) == before
    assert run(lambda done, total: None, by=world.system, slot="t2") == {"looked_at": 1, "improved": 0, "kept": 1}


def test_availability_still_adds_up_after_runs(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    order(world, "A", 20)
    order(world, "B", 14)
    run(lambda done, total: None, by=world.system, slot="t3")
    call_command("verify", room="orders.planning")
    assert "I30" in capsys.readouterr().out
