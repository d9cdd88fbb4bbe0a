"""Soak tests share the time that `make soak MINUTES=… SEED=…` gives, and one seed; elsewhere they are skipped."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

SECONDS = float(os.environ.get("SOAK_MINUTES") or 0) * 60
SEED = int(os.environ.get("SOAK_SEED") or random.SystemRandom().randrange(10**6))
# Which part of the time each file gets; what one leaves the last ones use.
SHARES = {"test_chaos": 0.2, "test_kernel": 0.3, "test_money": 0.15, "test_orders": 0.25, "test_volume": 0.1}
_begun: dict[str, float] = {}


@dataclass(frozen=True)
class Soak:
    """The seed, how many seconds this test has left, and databases of its own."""

    seed: int
    until: float
    database: Callable[[], Any]

    def left(self) -> float:
        return self.until - time.monotonic()


def share(name: str) -> float:
    """Seconds a file of soak tests has in all."""
    return SHARES[name] * SECONDS


def pytest_report_header() -> str | None:
    """The seed, to run the same again."""
    return f"soak: {SECONDS / 60:g} minutes, SEED={SEED}" if SECONDS else None


def pytest_runtest_setup(item: Any) -> None:
    """Skip outside `make soak`, and what begins after its file's share of the time."""
    if "soak" not in item.path.parts:
        return
    if not SECONDS:
        pytest.skip("runs by make soak")
    name = item.path.stem
    if name in SHARES and time.monotonic() - _begun.setdefault(name, time.monotonic()) > share(name):
        pytest.skip("its share of the time is up")


@pytest.fixture
def soak(request: Any, template_name: str, django_db_setup: None, django_db_blocker: Any) -> Soak:
    """This test's seed, time and databases."""
    from tests.conftest import fresh_clone

    @contextmanager
    def database() -> Iterator[str]:
        yield from fresh_clone(template_name, django_db_blocker)

    name = request.node.path.stem
    return Soak(SEED, _begun[name] + share(name), database)
