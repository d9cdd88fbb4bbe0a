from datetime import UTC, datetime

import pytest

from oms.access.services import create_user
from oms.accounts.selectors import system_user
from oms.events.selectors import timeline
from oms.events.services import command
from tests.oms.events.conftest import raise_event

pytestmark = pytest.mark.django_db


def test_a_timeline_shows_who_did_what_when_and_why_newest_last(django_assert_num_queries):
    ada = create_user("ada", by=system_user(), first_name="Ada", last_name="Lovelace")
    first = raise_event("thing.begun", 7, at=datetime(2020, 1, 2, tzinfo=UTC))
    raise_event("thing.begun", 8)
    with command("test", by=ada) as opened:
        second = opened.event("thing.cut", [("thing", 7), ("other", 1)], {"quantity": 3}, note="Out of stock")
    with django_assert_num_queries(1):
        entries = timeline("thing", 7)
    assert [(e.id, e.name, e.actor, e.by_system, e.note, e.data) for e in entries] == [
        (first, "thing.begun", "System", True, "", {}),
        (second, "thing.cut", "Ada Lovelace", False, "Out of stock", {"quantity": 3}),
    ]
    assert entries[0].at == datetime(2020, 1, 2, tzinfo=UTC)


def test_a_timeline_is_bounded_by_its_newest_events():
    ids = [raise_event(object_id=7) for _ in range(3)]
    assert [e.id for e in timeline("thing", 7, limit=2)] == ids[1:]
    assert timeline("thing", 9) == []
