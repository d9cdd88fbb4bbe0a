"""Operations: what waits and what does not hold, for an administrator; the same figures for a monitor with its token."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from oms.events.models import Delivery
from oms.events.tasks import _distribute_own, drain_all
from oms.jobs.models import Job
from oms.jobs.services import run, run_due
from oms.kernel.errors import Forbidden
from orders.entry.domain import EntryRequest, LineRequest
from orders.entry.services import submit
from orders.models import Order
from reporting.operations.selectors import METRICS, Sample, escaped, queues, sampled, verified
from reporting.operations.services import verify_now
from reporting.problems.selectors import problems
from tests.world import World, person

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db: Any) -> World:
    made = World.make()
    submit(EntryRequest("ACME", (LineRequest("A", Decimal(2)),), "web"), by=made.sales)
    return made


@pytest.fixture
def admin(world: World) -> Any:
    return person("administrator", world.system)


def looked(by: Any) -> None:
    """All invariants are looked at, as the worker does."""
    run(verify_now(by=by))


def signed_in(client: Client, user: Any) -> Client:
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def values(name: str) -> list[Sample]:
    ((_metric, samples),) = list(sampled([m for m in METRICS if m.name == name]))
    return samples


def test_news_that_waits_is_counted_by_consumer_until_it_is_handled(world: World) -> None:
    _distribute_own()
    waiting = {q.consumer: q.waiting for q in queues()}
    assert waiting and set(waiting) == {s.labels[0] for s in values("oms_outbox_waiting")}
    drain_all()
    assert queues() == [] and values("oms_outbox_waiting") == []
    Delivery.objects.filter(pk__in=Delivery.objects.values("pk")[:1]).update(status="dead")
    assert [q.given_up for q in queues()] == [1] and [s.value for s in values("oms_outbox_given_up")] == [1]


def test_all_invariants_are_looked_at_by_the_worker_and_what_is_broken_is_a_problem(client: Client, world: World, admin: Any) -> None:
    drain_all()
    assert verified() is None and "not looked at yet" in signed_in(client, admin).get(reverse("reporting:operations")).content.decode()
    looked(admin)
    found = verified()
    assert found is not None and found.checks > 80 and found.broken == ()
    assert "hold." in client.get(reverse("reporting:operations")).content.decode()
    assert [p for p in problems(admin) if p.kind.code == "operations.invariant"] == []
    Job.objects.filter(kind="operations.verify").update(result={"checks": 9, "broken": [["I1", "orders.book", "sums agree", 3]]})
    assert [b.code for b in verified().broken] == ["I1"]  # type: ignore[union-attr]
    (problem,) = [p for p in problems(admin) if p.kind.code == "operations.invariant"]
    assert problem.number == "I1" and "sums agree (3 rows)" in problem.sentence
    assert "sums agree" in client.get(problem.url).content.decode()
    assert [p for p in problems(world.manager) if p.kind.code == "operations.invariant"] == []


def test_only_an_administrator_asks_for_it_and_by_the_button(client: Client, world: World, admin: Any) -> None:
    with pytest.raises(Forbidden):
        verify_now(by=world.manager)
    assert signed_in(client, admin).post(reverse("reporting:operations-verify")).status_code == 302
    assert Job.objects.filter(kind="operations.verify", by=admin).count() == 1


def test_a_monitor_reads_every_metric_with_its_token_only(client: Client, world: World, settings: Any) -> None:
    url = reverse("reporting:metrics")
    assert client.get(url, headers={"Authorization": "Bearer "}).status_code == 403
    settings.METRICS_TOKEN = "a-token"
    assert client.get(url, headers={"Authorization": "Bearer other"}).status_code == 403
    answer = client.get(url, headers={"Authorization": "Bearer a-token"})
    assert answer.status_code == 200 and answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    body = answer.content.decode()
    assert all(f"# TYPE {metric.name} " in body for metric in METRICS)
    line = re.compile(r'^[a-z_]+(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? -?[0-9.e+-]+$')
    assert [row for row in body.splitlines() if not row.startswith("#") and not line.match(row)] == []
    assert f"oms_orders_entered_total {Order.objects.latest('pk').pk}" in body


def test_labels_are_escaped() -> None:
    assert escaped('a"b\\c\nd') == 'a\\"b\\\\c\\nd'


def test_the_last_work_of_each_kind_is_shown(client: Client, world: World, admin: Any) -> None:
    run_due(timezone.now())
    assert "mail.send" in signed_in(client, admin).get(reverse("reporting:operations")).content.decode()
