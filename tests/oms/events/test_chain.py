"""The verifier over rows made here: every kind of tampering is named."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from oms.events.chain import GENESIS, EventRow, SealRow, first_fault, seal_hash
from oms.kernel.canonical import canonical, digest

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)


def event(pk, xid, recorded_at=NOW - timedelta(hours=1)):
    payload = canonical(
        {"name": "thing.happened", "actor": 7, "at": NOW, "subjects": [("thing", pk)], "command": "c", "data": {}}
    )
    return EventRow(pk, xid, "thing.happened", 7, NOW, recorded_at, payload, digest(payload), (("thing", pk),))


def seal(before, upto, events):
    members = [(e.id, e.hash) for e in events]
    return SealRow(before.seq + 1, upto, len(events), events[-1].id, before.hash, seal_hash(before.hash, members))


EVENTS = [event(1, 100), event(3, 100), event(2, 101), event(4, 105), event(5, 109)]
FIRST = seal(GENESIS, 102, EVENTS[:3])
SECOND = seal(FIRST, 110, EVENTS[3:])
SEALS = [FIRST, SECOND]


def changed(position, **values):
    return [replace(e, **values) if n == position else e for n, e in enumerate(EVENTS)]


def test_a_whole_chain_holds():
    assert first_fault(SEALS, EVENTS, NOW) is None


def test_no_events_and_no_seals_hold():
    assert first_fault([], [], NOW) is None


def test_the_chain_can_be_checked_from_a_seal_on():
    assert first_fault([SECOND], EVENTS[3:], NOW, after=FIRST) is None


@pytest.mark.parametrize(
    "values",
    [
        {"name": "thing.undone"},
        {"actor": 8},
        {"at": NOW + timedelta(seconds=1)},
        {"subjects": (("thing", 9),)},
        {"subjects": ()},
    ],
)
def test_a_changed_column_is_named(values):
    fault = first_fault(SEALS, changed(2, **values), NOW)
    assert (fault.row, fault.why) == ("event 2", f"its columns differ from its payload: {next(iter(values))}")


def test_a_changed_payload_is_named():
    fault = first_fault(SEALS, changed(3, payload=EVENTS[3].payload.replace(b"{}", b'{"a":1}')), NOW)
    assert str(fault) == "event 4: its payload does not hash to its hash"


def test_a_payload_changed_with_its_hash_breaks_its_seal():
    payload = EVENTS[3].payload.replace(b'"data":{}', b'"data":{"a":1}')
    fault = first_fault(SEALS, changed(3, payload=payload, hash=digest(payload)), NOW)
    assert str(fault) == "seal 2: its hash is not that of its events"


def test_a_missing_event_breaks_its_seal():
    fault = first_fault(SEALS, EVENTS[:1] + EVENTS[2:], NOW)
    assert str(fault) == "seal 1: it covers 3 events, 2 are there"


def test_an_event_slipped_in_breaks_its_seal():
    fault = first_fault(SEALS, [*EVENTS[:3], event(9, 101), *EVENTS[3:]], NOW)
    assert str(fault) == "seal 1: it covers 3 events, 4 are there"


def test_a_missing_seal_is_named():
    assert str(first_fault([SECOND], EVENTS, NOW)) == "seal 2: it follows seal 0: a seal is missing"


def test_a_seal_on_another_hash_is_named():
    other = replace(SECOND, previous_hash=bytes(32))
    assert str(first_fault([FIRST, other], EVENTS, NOW)) == "seal 2: it does not continue the hash of seal 1"


def test_a_chain_made_anew_differs_from_the_head_kept_outside():
    kept = {2: SECOND.hash}
    forged = [EVENTS[0], EVENTS[2]]
    anew = seal(GENESIS, 102, forged)
    again = seal(anew, 110, EVENTS[3:])
    assert first_fault([anew, again], forged + EVENTS[3:], NOW) is None
    fault = first_fault([anew, again], forged + EVENTS[3:], NOW, heads=kept)
    assert str(fault) == "seal 2: it differs from the head kept outside"
    assert first_fault(SEALS, EVENTS, NOW, heads=kept) is None


def test_a_chain_cut_short_misses_the_head_kept_outside():
    fault = first_fault([FIRST], EVENTS[:3], NOW, heads={2: SECOND.hash})
    assert fault.row == "seal 2"


def test_the_unsealed_tail_may_be_a_minute_old():
    young, old = (event(6, 120, NOW - timedelta(seconds=s)) for s in (60, 61))
    assert first_fault(SEALS, [*EVENTS, young], NOW) is None
    assert str(first_fault(SEALS, [*EVENTS, old], NOW)) == "event 6: it is not sealed after 60 s"


def test_an_empty_seal_is_refused():
    assert str(first_fault([replace(FIRST, count=0)], [], NOW)) == "seal 1: it covers no events"
