"""Plan runs: what is short gets dates when supply comes, nothing promised gets worse, a dead worker leaves whole orders."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command

from inventory.stock.services import Counted, count
from inventory.stock.services.receipts import expect_receipt
from oms.events.tasks import drain_all
from oms.jobs.models import Job
from oms.jobs.services import run as run_job
from oms.kernel.errors import Forbidden, Unavailable
from orders.approval.services import decide
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import cancel, submit
from orders.models import LivePlan, Order, PlanChange, PlanRun, Promise, ScheduleLine
from orders.planning.selectors import last_promises, live_lines
from orders.planning.services import Kept, improve, run, runs
from orders.planning.services.claims import end_claims
from tests.orders.planning.domain.instances import referee, shared
from tests.world import World, make_customer, open_account

SOON = date.today() + timedelta(days=28)


@pytest.fixture
def world(live_db: str) -> World:
    return World.make()


def order(world: World, sku: str, quantity: int, days: int = 28, customer: str = "ACME", **more: Any) -> Order:
    """An order the policy approves by itself."""
    lines = (LineRequest(sku, Decimal(quantity)),)
    request = EntryRequest(customer, lines, "web", requested_date=date.today() + timedelta(days=days), **more)
    return Order.objects.get(number=submit(request, by=world.system).number)


def key_account(world: World) -> None:
    """A customer of the highest class."""
    customer = make_customer("KEY", "Key Account", world.post)
    customer.customer_class = 0
    customer.save()
    open_account(customer, Decimal(100_000))


def silent(done: int, total: int) -> None:
    """Nobody looks at the progress."""


def planned(made: Order) -> int:
    return sum(r.quantity for r in live_lines([made.pk]))


def sound(capsys: Any) -> None:
    """Availability and quantities still add up."""
    capsys.readouterr()
    call_command("verify", room="orders.planning")
    assert "I30" in capsys.readouterr().out


def test_a_run_dates_what_was_short_in_rank_order(world: World, capsys: Any) -> None:
    first, second = order(world, "B", 14), order(world, "B", 5)
    assert (planned(first), planned(second)) == (10, 0)
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    told = run(silent, by=world.system, slot="t1")
    assert {k: told[k] for k in ("policy", "orders", "lines", "better", "worse", "quoted", "unchanged", "published", "planned_again")} == {
        "policy": "improve", "orders": 2, "lines": 2, "better": 2, "worse": 0, "quoted": 0, "unchanged": 0, "published": 2, "planned_again": 0,
    }  # fmt: skip
    assert (planned(first), planned(second)) == (14, 2)
    standing = last_promises([first.lines.get().pk, second.lines.get().pk])
    assert sorted(p.quantity for p in standing.values()) == [2, 14]
    one = PlanRun.objects.get()
    assert (one.state, one.certificate["better"], set(one.certificate["seconds"])) == ("published", 2, {"read and plan", "write", "publish"})
    assert list(PlanChange.objects.values_list("outcome", "before_quantity", "after_quantity", "state", "reason")) == [
        ("better", 10, 14, "published", "came_free"), ("better", 0, 2, "published", "came_free")]  # fmt: skip
    sound(capsys)


def test_what_cannot_get_better_is_kept_untouched(world: World) -> None:
    short = order(world, "B", 14)
    before = list(ScheduleLine.objects.values_list("pk", "version", "quantity"))
    with pytest.raises(Kept):
        improve(short.pk, by=world.system)
    told = run(silent, by=world.system, slot="t2")
    assert (told["better"], told["unchanged"], told["published"]) == (0, 1, 0)
    assert list(ScheduleLine.objects.values_list("pk", "version", "quantity")) == before
    assert Promise.objects.count() == 2


def test_a_promise_is_kept_against_a_higher_rank(world: World) -> None:
    key_account(world)
    mine = order(world, "B", 10)
    theirs = order(world, "B", 6, customer="KEY")
    told = run(silent, by=world.system, slot="t3")
    assert (planned(mine), planned(theirs)) == (10, 0)
    assert (told["better"], told["worse"], told["inversions_kept_by_promise"]) == (0, 0, 1)


def test_strict_holds_what_would_worsen_a_promise_and_changes_nothing(world: World, capsys: Any) -> None:
    key_account(world)
    mine = order(world, "B", 10)
    theirs = order(world, "B", 6, customer="KEY")
    told = run(silent, by=world.manager, slot="t4", policy="strict")
    assert (told["better"], told["worse"], told["inversions"]) == (1, 1, 0)
    assert PlanRun.objects.get().state == "proposed"
    assert (planned(mine), planned(theirs)) == (10, 0)
    rows = list(PlanChange.objects.order_by("place").values_list("order_id", "outcome", "before_quantity", "after_quantity", "reason", "other_order_id", "state", "amount"))
    assert rows == [
        (theirs.pk, "better", 0, 6, "takes_over", mine.pk, "held", Decimal(120)),
        (mine.pk, "worse", 10, 4, "gives_way", theirs.pk, "held", Decimal(200)),
    ]
    sound(capsys)


def test_claims_give_way_to_what_is_approved(world: World) -> None:
    big = EntryRequest("ACME", (LineRequest("B", Decimal(8)), LineRequest("A", Decimal(60))), "web", requested_date=SOON)
    claim = Order.objects.get(number=submit(big, by=world.sales).number)
    assert claim.status == "submitted"
    approved = order(world, "B", 6)
    assert planned(approved) == 2
    told = run(silent, by=world.system, slot="t5")
    assert (told["better"], told["quoted"], told["worse"]) == (1, 1, 0)
    assert planned(approved) == 6
    assert sorted((r.kind, r.quantity) for r in live_lines([claim.pk])) == [("claim", 4), ("claim", 60)]


def test_an_order_that_moved_after_the_snapshot_is_left_alone(world: World, monkeypatch: Any, capsys: Any) -> None:
    first, second = order(world, "B", 14), order(world, "B", 5)
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    real = runs.copy_rows

    def meanwhile(*args: Any, **kwargs: Any) -> None:
        cancel(first.pk, "not wanted", by=world.manager)
        real(*args, **kwargs)

    monkeypatch.setattr(runs, "copy_rows", meanwhile)
    told = run(silent, by=world.system, slot="t6")
    assert (told["published"], told["planned_again"]) == (1, 1)
    assert (planned(first), planned(second)) == (0, 2)
    assert not LivePlan.objects.filter(order=first).exists()
    sound(capsys)


def test_what_no_longer_fits_keeps_its_lines_and_is_placed_again(world: World, monkeypatch: Any, capsys: Any) -> None:
    first, second = order(world, "B", 14), order(world, "B", 5)
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    real = runs.copy_rows

    def meanwhile(*args: Any, **kwargs: Any) -> None:
        order(world, "B", 3)
        real(*args, **kwargs)

    monkeypatch.setattr(runs, "copy_rows", meanwhile)
    told = run(silent, by=world.system, slot="t7")
    assert (told["published"], told["planned_again"]) == (1, 1)
    assert planned(first) + planned(second) == 13
    sound(capsys)


@pytest.mark.parametrize("where", ["copy_rows", "publish_slice", "close_run"])
def test_a_run_that_died_is_taken_up_and_ends_the_same(world: World, monkeypatch: Any, capsys: Any, where: str) -> None:
    first, second = order(world, "B", 14), order(world, "B", 5)
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    monkeypatch.setattr(runs, "SLICE", 1)
    real, calls = getattr(runs, where), []

    def dies(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == 1 and where != "publish_slice":
            if where == "copy_rows":
                real(*args, **kwargs)
            raise RuntimeError("the worker died")
        if len(calls) == 2 and where == "publish_slice":
            raise RuntimeError("the worker died")
        return real(*args, **kwargs)

    monkeypatch.setattr(runs, where, dies)
    with pytest.raises(RuntimeError):
        run(silent, by=world.system, slot="t8")
    assert {"copy_rows": (10, 0), "publish_slice": (14, 0), "close_run": (14, 2)}[where] == (planned(first), planned(second))
    assert PlanRun.objects.get().state == "running"
    sound(capsys)
    run(silent, by=world.system, slot="t8")
    assert (planned(first), planned(second)) == (14, 2)
    one = PlanRun.objects.get()
    assert one.state == "published"
    live = set(LivePlan.objects.values_list("order_id", "version"))
    assert {(o, v) for o, v in ScheduleLine.objects.filter(version=one.version).values_list("order_id", "version")} <= live
    assert Promise.objects.filter(line__order=first).count() == 3
    sound(capsys)


def test_a_run_left_by_another_occasion_fails_and_its_rows_go(world: World, monkeypatch: Any) -> None:
    order(world, "B", 14)
    expect_receipt(world.products["B"].pk, world.lyon, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    monkeypatch.setattr(runs, "publish_slice", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("died")))
    with pytest.raises(RuntimeError):
        run(silent, by=world.system, slot="t9")
    left = PlanRun.objects.get()
    assert ScheduleLine.objects.filter(version=left.version).count() == 1
    monkeypatch.undo()
    run(silent, by=world.system, slot="t10")
    assert list(PlanRun.objects.order_by("pk").values_list("state", flat=True)) == ["failed", "published"]
    assert ScheduleLine.objects.filter(version=left.version).count() == 0


@pytest.mark.parametrize("policy", ["improve", "strict"])
def test_the_referee_accepts_what_is_exported(world: World, tmp_path: Path, capsys: Any, policy: str) -> None:
    if shared() is None:
        pytest.skip("the referee is not on this machine (OMS_SHARED)")
    key_account(world)
    order(world, "B", 14), order(world, "A", 20, days=3), order(world, "C", 12, days=40), order(world, "A", 40, customer="KEY")
    expect_receipt(world.products["B"].pk, world.turin, "PO-9", date.today() + timedelta(days=9), 6, by=world.system)
    instance, plan = tmp_path / "instance.npz", tmp_path / "plan.npz"
    call_command("plan", policy=policy, export_instance=str(instance), export_plan=str(plan))
    said = referee(instance, plan)
    one = PlanRun.objects.get()
    assert said["violations"] == [] and said["plan"]["total"] == one.certificate["objective"]
    with np.load(plan) as pack:
        assert pack["plan"][:, 4].sum() == 14 + 20 + 12 + 40
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["objective"] == one.certificate["objective"]


def test_only_one_run_is_at_work(world: World, superuser: Any) -> None:
    order(world, "B", 14)
    with superuser() as other:
        other.execute("SELECT pg_advisory_lock(%s)", [runs.ALONE])
        with pytest.raises(Unavailable) as refused:
            run(silent, by=world.manager, slot="t11")
        assert refused.value.code == "run_active" and PlanRun.objects.count() == 0
        other.execute("SELECT pg_advisory_unlock(%s)", [runs.ALONE])
    run(silent, by=world.manager, slot="t11")
    assert PlanRun.objects.get().state == "published"
    with superuser() as other:
        assert other.execute("SELECT pg_try_advisory_lock(%s)", [runs.ALONE]).fetchone() == (True,)


def test_a_run_needs_the_right(world: World) -> None:
    with pytest.raises(Forbidden):
        run(silent, by=world.sales, slot="t12")
    assert PlanRun.objects.count() == 0


def test_a_claim_ends_in_time_frees_its_stock_and_keeps_its_rank(world: World, capsys: Any) -> None:
    big = EntryRequest("ACME", (LineRequest("B", Decimal(8)), LineRequest("A", Decimal(60))), "web", requested_date=SOON)
    claim = Order.objects.get(number=submit(big, by=world.sales).number)
    short = order(world, "B", 6)
    end = claim.claim_expires_at
    assert end is not None
    assert end_claims(end - timedelta(minutes=1), by=world.system) == {"ended": 0, "units": 0}
    assert planned(claim) == 68
    assert end_claims(end + timedelta(minutes=1), by=world.system) == {"ended": 1, "units": 68}
    assert end_claims(end + timedelta(minutes=1), by=world.system) == {"ended": 0, "units": 0}
    assert planned(claim) == 0 and [line.rank_date for line in claim.lines.all()] == [date.today()] * 2
    sound(capsys)
    drain_all()
    (asked,) = Job.objects.filter(kind="planning.run")
    assert asked.params == {"policy": "improve"}
    run(silent, by=world.system, slot=asked.slot)
    assert planned(short) == 6
    decide(claim.pk, None, by=world.approver, accept_changes=True)
    assert sorted((r.kind, r.quantity) for r in live_lines([claim.pk])) == [("plan", 4), ("plan", 60)]


def test_news_of_supply_ask_for_one_run_together(world: World) -> None:
    short = order(world, "B", 14)
    drain_all()
    for n in range(3):
        expect_receipt(world.products["B"].pk, world.lyon, f"PO-{n}", date.today() + timedelta(days=9), 2, by=world.system)
    drain_all()
    (asked,) = Job.objects.filter(kind="planning.run")
    assert run_job(asked.pk) and planned(short) == 14
    assert Job.objects.get(pk=asked.pk).result["better"] == 1


def test_a_fact_that_leaves_promises_without_stock_asks_for_a_proposal(world: World) -> None:
    key_account(world)
    low, high = order(world, "B", 4), order(world, "B", 6, customer="KEY")
    drain_all()
    count(world.lyon, [Counted(world.products["B"].pk, "", "", 7)], by=world.warehouse)
    drain_all()
    (asked,) = Job.objects.filter(kind="planning.run", params__policy="strict")
    assert run_job(asked.pk)
    assert PlanRun.objects.get().state == "proposed"
    assert list(PlanChange.objects.values_list("order_id", "outcome", "before_quantity", "after_quantity")) == [(low.pk, "worse", 4, 1)]
    assert (planned(low), planned(high)) == (4, 6)
