"""How pages post facts of stock. Stock knows no orders: the room that can release their allocations registers here.

Without one, a fact that would leave less than orders hold is refused (`BelowAllocated`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from inventory.stock.services.facts import Change, Counted, Moved, adjust, count, transfer
from oms.kernel.rooms import modules


class Released(NamedTuple):
    """A document (its number) that held `quantity` units which are not there, and holds them no more."""

    number: str
    quantity: int


class Poster(Protocol):
    def adjust(
        self, location_id: int, rows: Sequence[Change], reason: str, *, by: Any, source: str | None, proposed_by_id: int | None
    ) -> Any: ...

    def count(
        self, location_id: int, rows: Sequence[Counted], *, by: Any, as_of: Any, source: str | None
    ) -> Sequence[Released]: ...

    def transfer(
        self, location_id: int, rows: Sequence[Moved], reference: str, *, by: Any, at: Any, source: str | None
    ) -> list[int]: ...


_posters: list[Poster] = []


def register(poster: Poster) -> Poster:
    """Set who posts (from a room's `receivers` module), once."""
    assert not _posters, "two rooms post facts"
    _posters.append(poster)
    return poster


def post_adjustment(
    location_id: int, rows: Sequence[Change], reason: str, *, by: Any, source: str | None = None, proposed_by_id: int | None = None
) -> None:
    """Adjust, releasing what orders hold where somebody can."""
    modules("receivers")
    if _posters:
        _posters[0].adjust(location_id, rows, reason, by=by, source=source, proposed_by_id=proposed_by_id)
    else:
        adjust(location_id, rows, reason, by=by, source=source, proposed_by_id=proposed_by_id)


def post_count(
    location_id: int, rows: Sequence[Counted], *, by: Any, as_of: datetime | None = None, source: str | None = None
) -> Sequence[Released]:
    """Count, releasing what orders hold where somebody can; who lost what."""
    modules("receivers")
    if _posters:
        return _posters[0].count(location_id, rows, by=by, as_of=as_of, source=source)
    count(location_id, rows, by=by, as_of=as_of, source=source)
    return ()


def post_transfer(
    location_id: int, rows: Sequence[Moved], reference: str, *, by: Any, at: Any = None, source: str | None = None
) -> list[int]:
    """Units left for another location or came from one, releasing what orders hold; the movements in the order of rows."""
    modules("receivers")
    if _posters:
        return _posters[0].transfer(location_id, rows, reference, by=by, at=at, source=source)
    return transfer(location_id, rows, reference, by=by, at=at, source=source)
