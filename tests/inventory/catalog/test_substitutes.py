"""What may be offered instead of a product: kept by pair, brought in by file, refused when it makes no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, transaction

from inventory.catalog.selectors import Instead, substitutes_for
from inventory.catalog.services import SubstituteRow, set_substitutes
from inventory.models import Product, Substitute
from oms.kernel.errors import Forbidden, Invalid
from tests.world import World

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


def test_the_lowest_rank_is_offered_first_and_what_is_retired_is_not(world: World) -> None:
    set_substitutes([SubstituteRow("A", "B", rank=2), SubstituteRow("A", "C", 3, 2, 1)], by=world.system)
    assert substitutes_for(["A", "B"]) == {"A": [Instead("C", 3, 2, 1, 1), Instead("B", 1, 1, 1, 1)]}
    Product.objects.filter(sku="C").update(status="retired")
    assert [i.sku for i in substitutes_for(["A"])["A"]] == ["B"]


@pytest.mark.parametrize(("instead", "quantity", "units"), [
    (Instead("X", 1, 1, 1, 1), 7, 7), (Instead("X", 3, 2, 1, 1), 5, 8), (Instead("X", 1, 4, 1, 1), 5, 2), (Instead("X", 1, 1, 10, 1), 7, 10), (Instead("X", 1, 1, 1, 6), 7, 12),
])  # fmt: skip
def test_enough_of_it_and_as_it_may_be_ordered(instead: Instead, quantity: int, units: int) -> None:
    assert instead.units(quantity) == units


@pytest.mark.parametrize("row", [SubstituteRow("A", "A"), SubstituteRow("A", "NO"), SubstituteRow("NO", "A"), SubstituteRow("A", "B", 0)])
def test_what_makes_no_sense_is_refused(world: World, row: SubstituteRow) -> None:
    with pytest.raises(Invalid):
        set_substitutes([SubstituteRow("B", "A"), row], by=world.system)
    assert not Substitute.objects.exists()


def test_only_an_administrator_sets_them(world: World) -> None:
    with pytest.raises(Forbidden):
        set_substitutes([SubstituteRow("A", "B")], by=world.manager)


@pytest.mark.parametrize(("values", "guard"), [
    ({"product": "A", "instead": "A"}, "substitute_other"), ({"product": "A", "instead": "B", "num": 0}, "substitute_ratio"),
    ({"product": "A", "instead": "C"}, "substitute_once"),
])  # fmt: skip
def test_the_database_refuses_it_too(world: World, values: dict[str, Any], guard: str) -> None:
    Substitute.objects.create(product=world.products["A"], instead=world.products["C"])
    made = Substitute(**{k: world.products[v] if k in ("product", "instead") else v for k, v in values.items()})
    with pytest.raises(IntegrityError, match=guard), transaction.atomic():
        made.save()


def test_the_file_goes_in_and_out(world: World, tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "substitutes.csv"
    path.write_text("sku,instead,num,den,rank\nA,B,2,1,1\nA,C,1,1,2\n")
    call_command("import_substitutes", str(path))
    back = tmp_path / "back.csv"
    call_command("export_substitutes", str(back))
    assert back.read_text().split() == path.read_text().split()
    capsys.readouterr()
    call_command("import_substitutes", str(back))
    assert "2 the same" in capsys.readouterr().out
    path.write_text("sku,instead\nA,A\nA,NO\n")
    with pytest.raises(CommandError):
        call_command("import_substitutes", str(path))
    assert Substitute.objects.count() == 2
