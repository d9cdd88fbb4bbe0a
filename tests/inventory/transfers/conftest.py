"""The small company with somebody who works in TURIN only."""

from __future__ import annotations

from typing import Any

import pytest

from inventory.models import LocationStaff
from oms.access.services import create_user
from oms.accounts.models import User
from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    return World.make()


@pytest.fixture
def tina(world: World) -> User:
    """Warehouse staff of TURIN."""
    made = create_user("tina", by=world.system, roles=["warehouse"])
    LocationStaff.objects.create(user=made, location_id=world.turin)
    return made
