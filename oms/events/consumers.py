"""Who listens to which events. A room's `receivers` module registers; the relay and the worker read the registry."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
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

    @property
    def historic(self) -> bool:
        """Whether it was brought in from another system (`--history`): partners are not told."""
        return "imported_by" in self.data

    def subject(self, kind: str) -> int:
        """The object id of the first subject of `kind`."""
        return next(obj for k, obj in self.subjects if k == kind)

    def all(self, kind: str) -> list[int]:
        """The object ids of all subjects of `kind`."""
        return [obj for k, obj in self.subjects if k == kind]


Concerns = Callable[[list[News]], Collection[int]]


def about(kind: str, chosen: Callable[[set[int]], Collection[int]]) -> Concerns:
    """Concerned by the news with a subject of `kind` among those that `chosen` takes from all their ids (set-wise)."""

    def concerns(news: list[News]) -> set[int]:
        objects = {each.id: each.all(kind) for each in news}
        wanted = set(chosen({object_id for found in objects.values() for object_id in found}))
        return {event for event, found in objects.items() if wanted.intersection(found)}

    return concerns


@dataclass(frozen=True)
class Consumer:
    name: str
    events: frozenset[str]
    handle: Callable[[list[News]], None]
    outbound: bool = False
    together: bool = False
    concerns: Concerns | None = None


_consumers: dict[str, Consumer] = {}


def consumer(
    name: str, events: Iterable[str], outbound: bool = False, concerns: Concerns | None = None
) -> Callable[[Callable[[News], None]], Callable[[News], None]]:
    """Register a handler. It runs inside a command of the system actor and must be idempotent by its effects' keys.

    `outbound`: it tells somebody outside (mail, webhooks); news brought in as history is not handed to it. `concerns`: of
    many news, asked set-wise, the ids of those the handler would do anything for; the others are done at once. When it fails
    all of them are handled one by one.
    """

    def register(handle: Callable[[News], None]) -> Callable[[News], None]:
        _add(Consumer(name, frozenset(events), lambda news: handle(news[0]), outbound, concerns=concerns))
        return handle

    return register


def consumer_of_many(name: str, events: Iterable[str]) -> Callable[[Callable[[list[News]], None]], Callable[[list[News]], None]]:
    """Register a handler that is given many news in one command: for set-wise effects that ask only what is so now.

    When it fails the news come again one by one.
    """

    def register(handle: Callable[[list[News]], None]) -> Callable[[list[News]], None]:
        _add(Consumer(name, frozenset(events), handle, together=True))
        return handle

    return register


def _add(entry: Consumer) -> None:
    assert entry.name not in _consumers, f"two consumers are named {entry.name}"
    _consumers[entry.name] = entry


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
