"""Kinds of long work. A room's `tasks` module registers a handler; the worker and the schedule read the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from functools import cache
from typing import Any, Protocol

from oms.jobs.domain import DailyAt, Every, Schedule
from oms.kernel.rooms import modules


class Running(Protocol):
    """What a handler is given: the occasion, who asked, and how to say how far it is."""

    id: int
    kind: str
    slot: str
    by: Any
    params: dict[str, Any]
    attempt: int

    def progress(self, done: int, total: int) -> None:
        """Show the progress and keep the lease; call it at least every few minutes. Raises when the lease is lost."""


Handler = Callable[[Running], Mapping[str, Any] | None]


@dataclass(frozen=True)
class Kind:
    name: str
    handle: Handler
    schedule: Schedule | None


_kinds: dict[str, Kind] = {}


def job(
    kind: str, *, every: timedelta | None = None, daily_at: str | None = None
) -> Callable[[Handler], Handler]:
    """Register the handler of a kind of work, on demand or scheduled (`daily_at` "HH:MM" in the company's zone).

    The handler runs outside any transaction and commits in its own use cases, so it must go on where an earlier
    attempt stopped. What it returns (plain JSON) is the job's result.
    """
    assert every is None or daily_at is None, "one schedule a kind"
    schedule: Schedule | None = None
    if every is not None:
        schedule = Every(every)
    elif daily_at is not None:
        schedule = DailyAt(time.fromisoformat(daily_at))

    def register(handle: Handler) -> Handler:
        assert kind not in _kinds, f"two jobs are named {kind}"
        _kinds[kind] = Kind(kind, handle, schedule)
        return handle

    return register


@cache
def _load() -> None:
    modules("tasks")


def kinds() -> dict[str, Kind]:
    """Every registered kind by name, all rooms loaded."""
    _load()
    return _kinds
