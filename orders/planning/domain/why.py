"""Why a line has its date: what was found, in codes and numbers that words and JSON are made of. Pure.

The binding constraint is found by asking again with one thing changed: plenty of stock, days without holidays, no
limit of capacity, the line free of its order's rule. The first change that serves the line better is what bound it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

ON_TIME, LATE, PARTIAL, NONE, DONE = "on_time", "late", "partial", "none", "done"
MOST_HOLDERS = 3
MOST_DAYS = 45


@dataclass(frozen=True)
class Service:
    """How well a line is served: units without a date first, then the day its last part arrives (None: nothing does)."""

    missing: int
    arrives: date | None

    def better_than(self, other: Service, requested: date) -> bool:
        """More units, or as many and earlier; arriving before the requested day is no better than on it."""
        if self.missing != other.missing:
            return self.missing < other.missing
        if self.arrives is None or other.arrives is None:
            return False
        return max(self.arrives, requested) < max(other.arrives, requested)

    def outcome(self, requested: date) -> str:
        """on_time, late, partial or none."""
        if self.arrives is None:
            return NONE
        if self.missing:
            return PARTIAL
        return LATE if self.arrives > requested else ON_TIME


@dataclass(frozen=True)
class Factor:
    """One factor of the rank with this order's value, in the order in which they count."""

    name: str
    value: int | date


@dataclass(frozen=True)
class Part:
    """`quantity` ships on `ship_date` from a location and arrives on `delivery_date`."""

    location: str
    name: str
    ship_date: date
    delivery_date: date
    quantity: int
    from_receipt: bool


@dataclass(frozen=True)
class Holder:
    """Somebody else's booking of this product; `higher`: of higher rank, else promised earlier. Masked: no number."""

    higher: bool
    order_id: int = 0
    number: str = ""
    customer: str = ""
    location: str = ""
    ship_date: date | None = None
    quantity: int | None = None


@dataclass(frozen=True)
class Candidate:
    """A location that could serve the line.

    `verdict`: chosen, in_time (could, another was better), later (has all, arrives after the requested day), short (has
    a part in time), too_far (the way takes longer even with stock), empty (nothing in sight), no_lane.
    `latest` is the last ship day still in time, None when there is none; `free` what may leave by then (else at once);
    `arrives` the day on which all of the line could be there from here alone; `by_day` what is free for it on each day.
    """

    location: str
    name: str
    verdict: str
    first_ship: date | None
    latest: date | None
    free: int
    arrives: date | None
    by_day: tuple[tuple[date, int], ...] = ()


@dataclass(frozen=True)
class Help:
    """What would bring the date forward. `kind`: stock, transfer, hold, partial, split, capacity, replan."""

    kind: str
    quantity: int = 0
    by: date | None = None
    location: str = ""
    source: str = ""
    arrives: date | None = None
    text: str = ""


@dataclass(frozen=True)
class Version:
    """One promise: what was said when, and by what event."""

    kind: str
    at: datetime
    quantity: int
    ship_date: date | None
    delivery_date: date | None
    binding: str
    cause: str
    data: Mapping[str, Any]
    who: str
    note: str


@dataclass(frozen=True)
class Question:
    """A line as it is asked about: `quantity` without those with the warehouse (`allocated`) or gone (`shipped`)."""

    number: str
    position: int
    sku: str
    description: str
    requested_date: date
    quantity: int
    pending: bool
    allocated: int = 0
    shipped: int = 0


@dataclass(frozen=True)
class Why:
    """The whole explanation. `place` of `of` orders that want the product; None for partners, like the factors."""

    line: Question
    outcome: str
    binding: str
    service: Service
    parts: tuple[Part, ...]
    place: int | None
    of: int | None
    rules: int | None
    factors: tuple[Factor, ...]
    holders: tuple[Holder, ...]
    candidates: tuple[Candidate, ...]
    helps: tuple[Help, ...]
    history: tuple[Version, ...]


def served(parts: Iterable[tuple[date, int]], asked: int) -> Service:
    """The service of (arrival, quantity) rows for a line of `asked` units."""
    rows = list(parts)
    return Service(asked - sum(q for _d, q in rows), max((d for d, _q in rows), default=None))


def verdict(chosen: bool, asked: int, free: int, latest: date | None, arrives: date | None, ever: int) -> str:
    """A candidate's verdict (see Candidate); `ever` is what it has on its last day."""
    if chosen:
        return "chosen"
    if ever <= 0:
        return "empty"
    if latest is None:
        return "too_far"
    if free >= asked:
        return "in_time"
    if free > 0:
        return "short"
    return "later" if arrives is not None else "short"


def holders_of(
    bookings: Iterable[tuple[tuple[Any, ...], Holder]], own: tuple[Any, ...], before: date | None
) -> tuple[Holder, ...]:
    """At most three who hold the stock: higher ranks first, the largest of them first; then who was promised earlier.

    `bookings` are (rank key, holder) of other lines; `before`: only what ships by that day, None for all.
    """
    rows = [
        (not key < own, -(h.quantity or 0), key, h)
        for key, h in bookings
        if before is None or (h.ship_date is not None and h.ship_date <= before)
    ]
    rows.sort(key=lambda row: row[:3])
    return tuple(h for _lower, _q, _key, h in rows[:MOST_HOLDERS])


def masked(why: Why, visible: frozenset[int], partner: bool) -> Why:
    """What a viewer may know: foreign orders only as "a higher-ranked order"; partners no ranks, stocks or quantities
    of others."""
    holders = tuple(h if h.order_id in visible and not partner else Holder(h.higher) for h in why.holders)
    if not partner:
        return replace(why, holders=holders)
    return Why(
        why.line, why.outcome, why.binding, why.service, why.parts, None, None, None, (), holders[:1], (),
        tuple(Help(h.kind, arrives=h.arrives) for h in why.helps if h.kind in ("hold", "partial", "split")),
        tuple(replace(v, who="", note="") for v in why.history),
    )  # fmt: skip


def bound_by(answers: Sequence[tuple[str, Service]], base: Service, requested: date) -> str:
    """The code of the first answer that serves better than `base`, "" when none does."""
    return next((code for code, service in answers if service.better_than(base, requested)), "")
