"""The small company with bins in LYON."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.stock.services import Opening, set_opening
from tests.world import World


def shelves(world: World) -> World:
    """A in three bins of LYON besides the hundred without a bin, B in one."""
    a, b = world.products["A"].pk, world.products["B"].pk
    rows = [Opening(a, world.lyon, "R1", "", None, 20), Opening(a, world.lyon, "R2", "", None, 30), Opening(b, world.lyon, "R2", "", None, 5)]
    set_opening(rows, by=world.system, source="bins")
    return world


@pytest.fixture
def world(db: Any) -> World:
    return shelves(World.make())
