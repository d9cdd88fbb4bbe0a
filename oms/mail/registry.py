"""Files that go along with mail: a kind says how to make one from an id. Who owns the document registers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from oms.kernel.rooms import modules

Maker = Callable[[int], tuple[str, bytes]]

_makers: dict[str, Maker] = {}


def attachment(kind: str) -> Callable[[Maker], Maker]:
    """Register what makes (name, content) of a PDF, or with its ending of a table, from the id of what it is of; in a room's `receivers`, beside what writes the mail."""

    def register(make: Maker) -> Maker:
        assert kind not in _makers, f"two makers of {kind}"
        _makers[kind] = make
        return make

    return register


@cache
def _load() -> None:
    modules("receivers")


def made(kind: str, object_id: int) -> tuple[str, bytes]:
    """Name and content of a file."""
    _load()
    return _makers[kind](object_id)
