"""Proposals: a diff that is accepted whole or in part, rejected, undone, and refused when facts moved underneath."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oms.kernel.errors import Conflict, Forbidden, Invalid, Stale
from orders.entry.services import cancel
from orders.fulfilment.services import release
from orders.models import Order, PlanChange, PlanRun, Promise, ScheduleLine
from orders.planning.services import run
from orders.planning.services.proposals import accept, reject, undo
from tests.orders.planning.test_runs import key_account, order, planned, silent, sound
from tests.world import World


@pytest.fixture
def world(live_db: str) -> World:
    return World.make()


def proposed(world: World) -> tuple[Order, Order, PlanRun]:
    """B: 10 promised to ACME, 6 wanted by the key account; a strict run would move 6."""
    key_account(world)
    mine, theirs = order(world, "B", 10), order(world, "B", 6, customer="KEY")
    run(silent, by=world.manager, slot="p", policy="strict")
    return mine, theirs, PlanRun.objects.get()


def test_accepted_whole_it_moves_what_it_said(world: World, capsys: Any) -> None:
    mine, theirs, held = proposed(world)
    assert accept(held.pk, by=world.manager) == {"accepted": 2, "left": 0}
    assert (planned(mine), planned(theirs)) == (4, 6)
    held.refresh_from_db()
    assert (held.state, held.decided_by_id) == ("published", world.manager.pk)
    told = Promise.objects.filter(line__order=mine).latest("pk")
    assert (told.kind, told.quantity, told.event.name) == ("current", 4, "promise.moved")
    with pytest.raises(Conflict):
        accept(held.pk, by=world.manager)
    sound(capsys)


def test_without_the_one_that_gains_nobody_loses(world: World, capsys: Any) -> None:
    mine, theirs, held = proposed(world)
    with pytest.raises(Invalid):
        accept(held.pk, [mine.pk, theirs.pk], by=world.manager)
    for left in (mine, theirs):
        with pytest.raises(Conflict) as refused:
            accept(held.pk, [left.pk], by=world.manager)
        assert refused.value.code == "nothing_fits"
    assert (planned(mine), planned(theirs)) == (10, 0)
    assert set(PlanChange.objects.values_list("state", flat=True)) == {"held"} and PlanRun.objects.get().state == "proposed"
    sound(capsys)


def test_facts_that_moved_refuse_it_whole(world: World, capsys: Any) -> None:
    mine, theirs, held = proposed(world)
    third = order(world, "A", 1)
    cancel(mine.pk, "not wanted", by=world.manager)
    with pytest.raises(Stale) as refused:
        accept(held.pk, by=world.manager)
    assert refused.value.data["orders"] == [mine.number]
    assert (planned(mine), planned(theirs), planned(third)) == (0, 0, 1)
    assert PlanRun.objects.get().state == "proposed"
    assert accept(held.pk, [mine.pk], by=world.manager) == {"accepted": 1, "left": 1}
    assert planned(theirs) == 6
    sound(capsys)


def test_rejected_it_leaves_nothing(world: World) -> None:
    mine, theirs, held = proposed(world)
    with pytest.raises(Invalid):
        reject(held.pk, " ", by=world.manager)
    with pytest.raises(Forbidden):
        reject(held.pk, "no", by=world.sales)
    reject(held.pk, "promised in person", by=world.manager)
    assert PlanRun.objects.get().state == "rejected"
    assert ScheduleLine.objects.filter(version=held.version).count() == 0
    assert (planned(mine), planned(theirs)) == (10, 0)


def test_undone_everybody_has_what_they_had(world: World, capsys: Any) -> None:
    mine, theirs, held = proposed(world)
    accept(held.pk, by=world.manager)
    assert undo(held.pk, by=world.manager) == 2
    assert (planned(mine), planned(theirs)) == (10, 0)
    assert PlanRun.objects.get().state == "undone"
    with pytest.raises(Conflict):
        undo(held.pk, by=world.manager)
    sound(capsys)


def test_what_was_released_since_cannot_be_undone(world: World) -> None:
    mine, theirs, held = proposed(world)
    accept(held.pk, by=world.manager)
    assert release([mine.pk], by=world.manager, early=True)
    with pytest.raises(Stale):
        undo(held.pk, by=world.manager)
    assert PlanRun.objects.get().state == "published" and planned(theirs) == 6


def test_the_page_shows_both_sides_and_decides(world: World) -> None:
    mine, theirs, held = proposed(world)
    client = Client()
    client.force_login(world.manager, backend="django.contrib.auth.backends.ModelBackend")
    url = reverse("orders:plan-run", args=[held.pk])
    page = client.get(url).content.decode()
    assert mine.number in page and theirs.number in page and "gives way to" in page and "120.00" in page
    assert mine.number not in client.get(url, {"customer": "KEY"}).content.decode().split("Worse")[1].split("Unchanged")[0]
    assert client.post(reverse("orders:plan-accept", args=[held.pk])).status_code == 302
    assert (planned(mine), planned(theirs)) == (4, 6)
    assert client.post(reverse("orders:plan-undo", args=[held.pk])).status_code == 302
    assert (planned(mine), planned(theirs)) == (10, 0)
    assert "Undone" in client.get(reverse("orders:plan-runs")).content.decode()
