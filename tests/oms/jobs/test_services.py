"""Jobs run once an occasion, survive a killed worker, and end after three attempts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections

from oms.accounts.selectors import system_user
from oms.events import idempotency
from oms.jobs import registry, services
from oms.jobs.models import Job
from oms.jobs.selectors import job_of, recent
from oms.jobs.services import LeaseLost, enqueue, run, run_due, take, tick
from oms.kernel.errors import Conflict, NotFound, Unavailable

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def rung(monkeypatch):
    """Which tasks were rung for, instead of a broker."""
    bells = []
    monkeypatch.setattr(services, "ring", lambda task, *args: bells.append((task, *args)) or True)
    return bells


@pytest.fixture
def job(monkeypatch):
    """`@job` on an empty registry."""
    monkeypatch.setattr(registry, "_kinds", {})
    monkeypatch.setattr(registry, "_load", lambda: None)
    return registry.job


def lapse(job_id):
    """The worker is gone and its lease has run out."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE oms_job SET lease_until = now() - interval '1 second' WHERE id = %s", [job_id])


@pytest.mark.django_db
def test_asked_twice_for_the_same_occasion_it_is_one_job(job, django_capture_on_commit_callbacks, rung):
    job("report")(lambda running: None)
    with django_capture_on_commit_callbacks(execute=True):
        first = enqueue("report", "2026-03", by=system_user(), params={"month": 3})
        assert enqueue("report", "2026-03", by=system_user(), params={"month": 4}) == first
        other = enqueue("report", "2026-04", by=system_user())
    assert [(j.slot, j.params) for j in Job.objects.order_by("pk")] == [("2026-03", {"month": 3}), ("2026-04", {})]
    assert set(rung) == {("oms.jobs.tasks.run", first), ("oms.jobs.tasks.run", other)}


@pytest.mark.django_db
def test_work_nobody_knows_is_refused(job):
    with pytest.raises(NotFound) as refused:
        enqueue("nothing", "1", by=system_user())
    assert refused.value.data == {"kind": "nothing"}
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_a_job_runs_once_with_progress_and_result(job):
    seen = []

    @job("report")
    def handle(running):
        running.progress(3, 10)
        row = Job.objects.get(pk=running.id)
        seen.append((running.kind, running.slot, running.params, running.attempt, running.by.username))
        seen.append((row.state, row.done, row.total))
        return {"rows": 10}

    job_id = enqueue("report", "2026-03", by=system_user(), params={"month": 3})
    assert (run(job_id), run(job_id)) == (True, False)
    assert seen == [("report", "2026-03", {"month": 3}, 1, "system"), ("running", 3, 10)]
    row = job_of("report", "2026-03")
    assert (row.state, row.result, row.attempts, row.error) == ("done", {"rows": 10}, 1, "")
    assert row.finished_at and row.lease_until is None
    assert recent() == [row]


@pytest.mark.django_db
def test_a_failure_is_tried_again_later_and_three_times_at_most(job):
    @job("report")
    def handle(running):
        raise ValueError(f"attempt {running.attempt}")

    job_id = enqueue("report", "1", by=system_user())
    for attempt in (1, 2, 3):
        assert not run(job_id)
        row = Job.objects.get(pk=job_id)
        assert (row.attempts, row.error) == (attempt, f"ValueError: attempt {attempt}")
        assert row.state == ("failed" if attempt == 3 else "waiting")
        assert not run(job_id), "it waits before it is tried again"
        assert Job.objects.get(pk=job_id).attempts == attempt
        lapse(job_id)
    assert not run(job_id)
    assert Job.objects.get(pk=job_id).attempts == 3


@pytest.mark.django_db
@pytest.mark.parametrize(("error", "state"), [(Conflict("no"), "failed"), (Unavailable("busy"), "waiting")])
def test_a_rules_refusal_is_final_but_a_busy_moment_is_not(job, error, state):
    @job("report")
    def handle(running):
        raise error

    job_id = enqueue("report", "1", by=system_user())
    assert not run(job_id)
    assert Job.objects.get(pk=job_id).state == state


@pytest.mark.django_db
def test_a_job_whose_worker_was_killed_is_taken_over_and_the_first_cannot_finish(job):
    job("report")(lambda running: None)
    job_id = enqueue("report", "1", by=system_user())
    first = take(job_id)
    assert take(job_id) is None, "the lease holds"
    lapse(job_id)
    second = take(job_id)
    assert (first.attempt, second.attempt) == (1, 2)
    with pytest.raises(LeaseLost):
        first.progress(1, 2)
    with pytest.raises(LeaseLost):
        first.finish({"by": "first"})
    second.finish({"by": "second"})
    assert Job.objects.get(pk=job_id).result == {"by": "second"}


@pytest.mark.django_db
def test_a_job_that_kills_every_worker_is_given_up(job):
    job("report")(lambda running: None)
    job_id = enqueue("report", "1", by=system_user())
    for _ in range(3):
        assert take(job_id)
        lapse(job_id)
    assert take(job_id) is None
    assert tick(NOW) == []
    row = Job.objects.get(pk=job_id)
    assert (row.state, row.error) == ("failed", "the worker was lost")


@pytest.mark.django_db
def test_the_schedule_makes_each_slot_once_and_rings(job, rung):
    done = []
    job("often", every=timedelta(minutes=5))(lambda running: done.append(running.slot))
    job("nightly", daily_at="02:30")(lambda running: done.append(running.slot))
    job("evening", daily_at="18:00")(lambda running: done.append(running.slot))
    job("on demand")(lambda running: done.append("never"))
    ids = tick(NOW)
    assert [tick(NOW + timedelta(seconds=s)) for s in (1, 60)] == [ids, ids]
    assert rung[: len(ids)] == [("oms.jobs.tasks.run", pk) for pk in ids]
    assert run_due(NOW) == 2
    assert sorted(done) == ["2026-03-02", "2026-03-02T12:00Z"]
    assert run_due(NOW + timedelta(minutes=5)) == 1
    assert sorted(done)[-1] == "2026-03-02T12:05Z"


@pytest.mark.django_db
def test_a_broker_that_is_away_is_asked_once_a_tick(job, monkeypatch):
    asked = []
    monkeypatch.setattr(services, "ring", lambda task, *args: asked.append(task) and False)
    job("report")(lambda running: None)
    for slot in "abc":
        enqueue("report", slot, by=system_user())
    assert len(tick(NOW)) == 3
    assert len(asked) == 1


@pytest.mark.django_db
def test_old_idempotency_keys_are_forgotten_nightly():
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO oms_idempotencykey (principal_id, key, body_hash, created_at) "
            "VALUES (%s, 'k', '', now() - interval '31 days')",
            [system_user().pk],
        )
    kind = registry.kinds()["idempotency.forget"]
    assert kind.schedule.slot(datetime(2026, 3, 2, 4, tzinfo=UTC), services.company_zone()) == "2026-03-02"
    assert run(enqueue("idempotency.forget", "test", by=system_user()))
    assert job_of("idempotency.forget", "test").result == {"forgotten": 1}
    assert idempotency.forget() == 0


def test_of_two_schedulers_and_four_workers_one_runs_the_job(live_db, job):
    done = []
    job("often", every=timedelta(minutes=5))(lambda running: done.append(running.attempt))

    def work():
        try:
            run_due(NOW)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert done == [1]
    assert list(Job.objects.values_list("kind", "state", "attempts")) == [("often", "done", 1)]
