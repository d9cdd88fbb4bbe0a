"""The chain over the events: how a seal is made, and a verifier that trusts nothing but the rows it is shown.

seal = sha256(previous seal ‖ number of events ‖ id and hash of each), numbers as 8 bytes big-endian; a seal holds the
events of all transactions from the previous seal's `upto_xid` on and below its own, in (xid, id) order. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oms.kernel.canonical import digest

SEAL_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True)
class SealRow:
    seq: int
    upto_xid: int
    count: int
    last_event_id: int
    previous_hash: bytes
    hash: bytes


GENESIS = SealRow(0, 0, 0, 0, bytes(32), bytes(32))


@dataclass(frozen=True)
class EventRow:
    id: int
    xid: int
    name: str
    actor: int
    at: datetime
    recorded_at: datetime
    payload: bytes
    hash: bytes
    subjects: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Fault:
    """The first row that does not hold, and why."""

    row: str
    why: str

    def __str__(self) -> str:
        return f"{self.row}: {self.why}"


def seal_hash(previous: bytes, events: Sequence[tuple[int, bytes]]) -> bytes:
    """The hash of a seal over (id, hash) of its events, in order."""
    whole = hashlib.sha256(previous)
    whole.update(len(events).to_bytes(8, "big"))
    for event_id, hashed in events:
        whole.update(event_id.to_bytes(8, "big"))
        whole.update(hashed)
    return whole.digest()


def event_fault(event: EventRow) -> Fault | None:
    """Whether the payload hashes to the hash and the columns say what the payload says."""
    row = f"event {event.id}"
    if digest(event.payload) != event.hash:
        return Fault(row, "its payload does not hash to its hash")
    said = json.loads(event.payload)
    subjects = {(kind, object_id) for kind, object_id in said["subjects"]}
    differing = [
        name
        for name, same in (
            ("name", said["name"] == event.name),
            ("actor", said["actor"] == event.actor),
            ("at", datetime.fromisoformat(said["at"]) == event.at),
            ("subjects", subjects == set(event.subjects)),
        )
        if not same
    ]
    return Fault(row, f"its columns differ from its payload: {', '.join(differing)}") if differing else None


def seal_fault(seal: SealRow, before: SealRow, members: Sequence[tuple[int, bytes]]) -> Fault | None:
    """Whether `seal` follows `before` and covers exactly `members`."""
    row = f"seal {seal.seq}"
    if seal.seq != before.seq + 1:
        return Fault(row, f"it follows seal {before.seq}: a seal is missing")
    if seal.previous_hash != before.hash:
        return Fault(row, f"it does not continue the hash of seal {before.seq}")
    if not seal.count:
        return Fault(row, "it covers no events")
    if seal.count != len(members):
        return Fault(row, f"it covers {seal.count} events, {len(members)} are there")
    if seal.last_event_id != members[-1][0] or seal.hash != seal_hash(before.hash, members):
        return Fault(row, "its hash is not that of its events")
    return None


def first_fault(
    seals: Iterable[SealRow],
    events: Iterable[EventRow],
    now: datetime,
    *,
    after: SealRow = GENESIS,
    heads: Mapping[int, bytes] | None = None,
) -> Fault | None:
    """The first row that breaks the chain, or None when it holds.

    `seals` sorted by seq and `events` by (xid, id), both those that come after the seal `after`; `heads` are the
    seals kept outside the database (seq → hash), each of which must be there unchanged.
    """
    stream = iter(events)
    event = next(stream, None)
    before, missing = after, {seq for seq in heads or {} if seq > after.seq}
    for seal in seals:
        members: list[tuple[int, bytes]] = []
        while event is not None and event.xid < seal.upto_xid:
            fault = event_fault(event)
            if fault:
                return fault
            members.append((event.id, event.hash))
            event = next(stream, None)
        fault = seal_fault(seal, before, members)
        if fault:
            return fault
        if heads and heads.get(seal.seq, seal.hash) != seal.hash:
            return Fault(f"seal {seal.seq}", "it differs from the head kept outside")
        missing.discard(seal.seq)
        before = seal
    if missing:
        return Fault(f"seal {min(missing)}", "it was kept outside but is not here: the end of the chain is gone")
    while event is not None:
        fault = event_fault(event)
        if fault:
            return fault
        if now - event.recorded_at > SEAL_WITHIN:
            return Fault(f"event {event.id}", f"it is not sealed after {SEAL_WITHIN.seconds} s")
        event = next(stream, None)
    return None
