"""The small company, in a transaction that is rolled back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.world import World


@pytest.fixture
def world(db: Any) -> World:
    """A fresh world for this test."""
    return World.make()
