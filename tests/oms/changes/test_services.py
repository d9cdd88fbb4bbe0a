"""Two persons: proposed by one, confirmed by another, and the database refuses anything else."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from oms.accounts.policies import policy, registered
from oms.changes.models import ChangeRequest
from oms.changes.registry import change_kind, kinds
from oms.changes.selectors import waiting_for
from oms.changes.services import confirm, propose, reject, withdraw
from oms.events.models import Event
from oms.kernel.errors import Conflict, Forbidden, Invalid
from tests.world import World

pytestmark = pytest.mark.django_db
written: list[Any] = []


@pytest.fixture(autouse=True)
def kind() -> None:
    """A kind of change of this test's own: proposed and confirmed by finance."""
    written.clear()
    if "test.thing" not in kinds():
        registered()
        policy("test.propose", {"finance", "manager"})
        policy("test.confirm", {"finance", "manager"})
        change_kind("test.thing", "Thing", propose="test.propose", confirm="test.confirm")(written.append)


def proposed(world: World) -> ChangeRequest:
    return propose("test.thing", ("thing", 7), "Thing 7: 1 → 2", {"value": 2}, "because", by=world.finance, before={"value": 1})


def test_nothing_is_written_until_another_person_confirms() -> None:
    world = World.make()
    change = proposed(world)
    assert (written, list(waiting_for(world.finance)), list(waiting_for(world.manager))) == ([], [], [change])
    confirmed = confirm(change.pk, by=world.manager)
    assert written == [confirmed]
    assert list(Event.objects.filter(name__startswith="change.").order_by("pk").values_list("name", "actor")) == [
        ("change.proposed", world.finance.pk), ("change.confirmed", world.manager.pk)]  # fmt: skip
    with pytest.raises(Conflict) as again:
        confirm(change.pk, by=world.manager)
    assert again.value.code == "change_decided" and len(written) == 1


def test_the_proposer_neither_confirms_nor_rejects() -> None:
    world = World.make()
    change = proposed(world)
    for act in (lambda: confirm(change.pk, by=world.finance), lambda: reject(change.pk, "no", by=world.finance)):
        with pytest.raises(Forbidden) as refused:
            act()
        assert refused.value.code == "own_proposal"
    change.refresh_from_db()
    assert (change.state, written) == ("open", [])
    with pytest.raises(Forbidden):
        confirm(change.pk, by=world.sales)


def test_the_database_refuses_a_decision_by_the_proposer() -> None:
    world = World.make()
    change = proposed(world)
    with pytest.raises(IntegrityError, match="change_two_persons"), transaction.atomic():
        ChangeRequest.objects.filter(pk=change.pk).update(state="confirmed", decided_by=world.finance)


def test_one_open_change_a_thing_and_it_can_be_withdrawn_or_rejected_with_reason() -> None:
    world = World.make()
    change = proposed(world)
    with pytest.raises(Conflict) as second, transaction.atomic():
        proposed(world)
    assert second.value.code == "change_open"
    with pytest.raises(Invalid):
        reject(change.pk, " ", by=world.manager)
    with pytest.raises(Forbidden):
        withdraw(change.pk, by=world.manager)
    withdraw(change.pk, by=world.finance)
    again = proposed(world)
    assert reject(again.pk, "too much", by=world.manager).decision_reason == "too much"
    assert written == []
