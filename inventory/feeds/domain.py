"""What a warehouse's message says, read from JSON. Pure: nothing here knows our products or places.

Every message is one fact of one location, with its time: `at` is when it occurred, for a count when it was counted.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec

MOST_UNITS = 10**12
MOST_ROWS = 20_000

Word = Annotated[str, msgspec.Meta(max_length=40)]
Kind = Literal["movement", "count", "comparison", "expected", "received", "picked", "shipped", "returned"]
SIGNED = frozenset({"movement"})
FROM_ZERO = frozenset({"count", "comparison", "expected"})


class FeedRow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`quantity` of a product, in `unit` ("" is its base unit), in a place; signed for movements only.

    `available_on`: from which day an expected receipt may be shipped; `expires_on`: of the lot.
    """

    sku: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    quantity: Annotated[int, msgspec.Meta(ge=-MOST_UNITS, le=MOST_UNITS)]
    unit: Word = ""
    bin: Word = ""
    lot: Word = ""
    expires_on: date | None = None
    available_on: date | None = None


class FeedFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One fact. `full`: places of the location that are not named hold nothing. `reason` is the code of a movement.

    `reference` names the expected receipt, `shipment`, `order` and `return` our documents, as far as the sender knows them.
    """

    kind: Kind
    at: Annotated[datetime, msgspec.Meta(tz=True)]
    location: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    rows: Annotated[list[FeedRow], msgspec.Meta(max_length=MOST_ROWS)]
    full: bool = False
    reason: Word = ""
    reference: Word = ""
    shipment: Word = ""
    order: Word = ""
    returned: Word = msgspec.field(default="", name="return")
    tracking: Annotated[str, msgspec.Meta(max_length=60)] = ""


class Finding(NamedTuple):
    """Something that is wrong with a message: a code of `choices.FINDINGS` and the facts of its sentence."""

    code: str
    facts: dict[str, Any]


def read(body: Any) -> tuple[FeedFact | None, list[Finding]]:
    """The fact of a message's body, or why it can't be read."""
    try:
        fact = msgspec.convert(body, FeedFact, str_keys=True)
    except msgspec.ValidationError as error:
        return None, [Finding("unreadable", {"value": str(error)[:200]})]
    if not fact.rows and not fact.full:
        return None, [Finding("unreadable", {"value": "no rows"})]
    if fact.kind not in SIGNED and any(row.quantity < (0 if fact.kind in FROM_ZERO else 1) for row in fact.rows):
        return None, [Finding("unreadable", {"value": f"a quantity of {fact.kind} is too small"})]
    return fact, []


def runs(seqs: list[int]) -> list[tuple[int, int]]:
    """Sorted numbers as runs (first, last) without a gap."""
    found: list[tuple[int, int]] = []
    for seq in seqs:
        if found and seq == found[-1][1] + 1:
            found[-1] = (found[-1][0], seq)
        else:
            found.append((seq, seq))
    return found
