"""Targets: set by file once, changed by two persons, never one's own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from customers.models import Post
from oms.changes.services import confirm
from oms.kernel.errors import Forbidden, Stale
from reporting.facts.models import Target
from reporting.facts.services import propose_target
from tests.world import World

MAY = date(2026, 5, 1)


def propose(world: World, amount: int, post: str = "LYON1"):
    return propose_target(MAY, post, "", "delivered", "EUR", Decimal(amount), "plan for May", by=world.manager)


def test_a_target_counts_once_another_person_confirmed_it(world: World) -> None:
    change = propose(world, 30_000)
    assert not Target.objects.exists()
    with pytest.raises(Forbidden):
        confirm(change.pk, by=world.manager)
    confirm(change.pk, by=world.finance)
    target = Target.objects.get()
    assert (target.post, target.month, target.measure, target.amount) == (world.post, MAY, "delivered", Decimal(30_000))
    confirm(propose(world, 25_000).pk, by=world.finance)
    assert Target.objects.get().amount == Decimal(25_000)


def test_a_target_that_changed_since_it_was_proposed_is_not_overwritten(world: World) -> None:
    confirm(propose(world, 30_000).pk, by=world.finance)
    stale = propose(world, 20_000)
    Target.objects.update(amount=1)
    with pytest.raises(Stale):
        confirm(stale.pk, by=world.finance)
    assert Target.objects.get().amount == 1


def test_nobody_proposes_the_target_of_a_post_they_hold(world: World) -> None:
    assert Post.objects.filter(code="NORTH1").exists()
    with pytest.raises(Forbidden) as refused:
        propose(world, 1_000, "NORTH1")
    assert refused.value.code == "own_post"
    with pytest.raises(Forbidden):
        propose_target(MAY, "LYON1", "", "delivered", "EUR", Decimal(1), "x", by=world.sales)


def run(path: Path, *options: str) -> str:
    out = StringIO()
    call_command("import_targets", str(path), *options, stdout=out)
    return out.getvalue()


def test_a_file_sets_new_targets_and_changes_none(world: World, tmp_path: Path) -> None:
    head = "month,post,family,measure,currency,amount\n"
    file = tmp_path / "targets.csv"
    file.write_text(head + "2026-05-01,LYON1,,delivered,EUR,30000\n2026-05-01,LYON1,Spanners,collected,EUR,500.50\n")
    assert "2 created" in run(file) and Target.objects.count() == 2
    assert Target.objects.get(family="Spanners").amount == Decimal("500.500")
    out = tmp_path / "out.csv"
    call_command("export_targets", str(out), stdout=StringIO())
    assert "2 the same" in run(out)
    file.write_text(head + "2026-05-01,LYON1,,delivered,EUR,1\n2026-05-02,NOBODY,,delivered,XXX,-1\n")
    with pytest.raises(CommandError):
        run(file)
    assert Target.objects.get(family="").amount == Decimal(30_000)
    assert "two persons" in Path(f"{file}.rejected.csv").read_text()
