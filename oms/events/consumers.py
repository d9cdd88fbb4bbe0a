"""Who listens to which events. A room's `receivers` module registers; the relay and the worker read the registry."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from oms.kernel.rooms import modules


@dataclass(frozen=True)
class News:
    """What a consumer is given: the event's id, name, business time and data, plus its subjects."""

    id: int
    name: str
    at: Any
    data: dict[str, Any]
    subjects: tuple[tuple[str, int], ...]

    def subject(self, kind: str) -> int:
        """The object id of the first subject of `kind`."""
        return next(obj for k, obj in self.subjects if k == kind)


@dataclass(frozen=True)
class Consumer:
    name: str
    events: frozenset[str]
    handle: Callable[[News], None]


_consumers: dict[str, Consumer] = {}


def consumer(name: str, events: Iterable[str]) -> Callable[[Callable[[News], None]], Callable[[News], None]]:
    """Register a handler. It runs inside a command of the system actor and must be idempotent by its effects' keys."""

    def register(handle: Callable[[News], None]) -> Callable[[News], None]:
        assert name not in _consumers, f"two consumers are named {name}"
        _consumers[name] = Consumer(name, frozenset(events), handle)
        return handle

    return register


@cache
def _load() -> None:
    modules("receivers")


def consumers() -> dict[str, Consumer]:
    """Every registered consumer by name."""
    _load()
    return _consumers


def subscriptions() -> dict[str, list[str]]:
    """Event name → names of the consumers that listen to it, sorted."""
    result: dict[str, list[str]] = {}
    for name, entry in sorted(consumers().items()):
        for event in entry.events:
            result.setdefault(event, []).append(name)
    return result
