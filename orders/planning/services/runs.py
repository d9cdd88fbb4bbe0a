"""A plan run: a snapshot, planning outside any transaction, new schedule lines beside the old, a short publication.

One at a time. Whenever its worker dies, every order is wholly old or wholly new, and the same slot goes on: what it had
written and not published is thrown away, and planned anew on what stands by then. Only what worsens no promise is
published by itself; everything else is held as a proposal (services.proposals).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from inventory.stock.models import Availability
from inventory.stock.services import book_by_day
from oms.accounts.policies import authorize
from oms.company.selectors import exponent
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, Unavailable
from oms.kernel.money import half_up
from orders.book.locks import lock_orders
from orders.book.models import Order, OrderLine
from orders.book.services import subjects
from orders.planning.choices import (
    ChangeState,
    Outcome,
    PromiseKind,
    RunPolicy,
    RunState,
    ScheduleKind,
    Source,
)
from orders.planning.domain.backlog import (
    Backlog,
    Change,
    Row,
    Snapshot,
    as_rows,
    backlog_of,
    changes,
)
from orders.planning.domain.instance import check
from orders.planning.domain.jit import compiled
from orders.planning.domain.keeping import improve as keep_or_better
from orders.planning.domain.keeping import standing_rows
from orders.planning.domain.plan import inversions, rows_of, value
from orders.planning.domain.solve import PLAIN_LINES, solve
from orders.planning.models import LivePlan, PlanChange, PlanRun, Promise
from orders.planning.selectors.live import last_promises, live_lines
from orders.planning.selectors.snapshot import facts_of, snapshot
from orders.planning.services.order_plan import Kept, improve, next_version

SLICE = 100
SEARCH_SECONDS = 60.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Planned:
    """What a run worked out: the instance and its rows (the referee's), schedule rows by order, changes, certificate."""

    seen: Snapshot
    backlog: Backlog
    table: Any
    rows: Mapping[int, list[Row]]
    changes: Sequence[Change]
    certificate: dict[str, Any]


def run(progress: Progress, *, by: Any, slot: str, policy: str = "improve", propose: bool = False) -> dict[str, Any]:
    """Plan the backlog now; returns the certificate. Run again for the same slot it goes on.

    `propose` holds the result even when it worsens nobody. Raises Forbidden, Invalid `unknown_policy`.
    """
    return run_planned(progress, by=by, slot=slot, policy=policy, propose=propose)[0]


def run_planned(
    progress: Progress, *, by: Any, slot: str, policy: str = "improve", propose: bool = False
) -> tuple[dict[str, Any], Planned]:
    """`run`, and what it worked out (for exports)."""
    authorize(by, "orders.plan")
    if policy not in RunPolicy.values:
        raise Invalid(_("There is no policy %(policy)s.") % {"policy": policy}, code="unknown_policy")
    with alone():
        return planned_alone(progress, by, slot, policy, propose)


ALONE = 7_203  # the advisory lock of the one active run; it ends with the worker's connection


@contextmanager
def alone() -> Iterator[None]:
    """Hold the place of the one active run; raises Unavailable `run_active` while another worker plans."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ALONE])
        if not cursor.fetchone()[0]:
            raise Unavailable(_("A plan run is at work."), code="run_active", retry_after=30, clears=_("Wait for its end."))
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ALONE])


def planned_alone(progress: Progress, by: Any, slot: str, policy: str, propose: bool) -> tuple[dict[str, Any], Planned]:
    """`run_planned` in its place."""
    run_id, version = open_run(slot, policy, by=by)
    started = time.perf_counter()
    made = work_out(snapshot(datetime.now(UTC)), policy)
    made.certificate["seconds"]["read and plan"] = round(time.perf_counter() - started, 3)
    orders = sorted({c.order_id for c in made.changes})
    worse = sum(1 for c in made.changes if c.outcome == Outcome.WORSE)
    if orders:
        written = time.perf_counter()
        copy_rows(run_id, version, [(i, made.rows.get(i, ())) for i in orders], by=by)
        made.certificate["seconds"]["write"] = round(time.perf_counter() - written, 3)
    if orders and (worse or propose):
        hold(run_id, made, by=by)
        return close_run(run_id, RunState.PROPOSED, made.certificate, by=by), made
    published = time.perf_counter()
    again = publish(run_id, made, progress, by=by)
    made.certificate.update(published=len(orders) - len(again), planned_again=len(again))
    made.certificate["seconds"]["publish"] = round(time.perf_counter() - published, 3)
    return close_run(run_id, RunState.PUBLISHED, made.certificate, by=by), made


def work_out(seen: Snapshot, policy: str) -> Planned:
    """Plan a snapshot, pure but for the clock: no database."""
    backlog = backlog_of(seen)
    checked = check(backlog.arrays, "backlog")
    figures: dict[str, Any] = {}
    if not seen.units:
        table: Any = None
        made: list[Row] = []
    elif policy == RunPolicy.IMPROVE:
        instance, plan = keep_or_better(seen, backlog, checked)
        table = rows_of(instance, plan)
        kernel = compiled() if len(backlog.line_ids) > PLAIN_LINES else None
        figures = {**value(checked, table), "inversions_kept_by_promise": inversions(instance, plan, kernel)}
        made = standing_rows(seen, backlog, as_rows(seen, backlog, table))
    else:
        answer = solve(checked, policy, 1, SEARCH_SECONDS, time.perf_counter)
        table = answer.rows
        figures = {**answer.value, "inversions": answer.inversions, "bound": answer.bound, "gap": answer.gap}
        made = standing_rows(seen, backlog, as_rows(seen, backlog, table))
    found = changes(seen, made)
    by_order: dict[int, list[Row]] = {}
    for row in made:
        by_order.setdefault(row.order_id, []).append(row)
    counts = {outcome: sum(1 for c in found if c.outcome == outcome) for outcome in Outcome.values}
    lines = sum(len(u.lines) for u in seen.units)
    certificate = {"policy": policy, "snapshot": seen.seen, "orders": len({u.order_id for u in seen.units}), "lines": lines,
                   **counts, "unchanged": lines - len(found), **figures, "seconds": {}}  # fmt: skip
    return Planned(seen, backlog, table, by_order, found, certificate)


ORPHANS = """
DELETE FROM orders_scheduleline s WHERE s.version = %s
AND NOT EXISTS (SELECT FROM orders_liveplan live WHERE live.order_id = s.order_id AND live.version = s.version)
"""


@use_case("planning.open_run")
def open_run(slot: str, policy: str, *, by: Any, at: datetime | None = None) -> tuple[int, int]:
    """Mark a run as running: (its id, the version it writes under). A run left by a dead worker is taken up by its slot,
    failed by others; what it had not published is deleted."""
    running = PlanRun.objects.select_for_update(no_key=True).filter(state=RunState.RUNNING).first()
    version = next_version()
    if running is not None:
        with connection.cursor() as cursor:
            cursor.execute(ORPHANS, [running.version])
        PlanChange.objects.filter(run=running, state=ChangeState.HELD).delete()
        if running.slot == slot:
            PlanRun.objects.filter(pk=running.pk).update(version=version)
            return running.pk, version
        PlanRun.objects.filter(pk=running.pk).update(state=RunState.FAILED, finished_at=current().at)
    event = current().event("plan.started", [("plan_run", version)], {"slot": slot, "policy": policy})
    made = PlanRun.objects.create(
        version=version, state=RunState.RUNNING, policy=policy, slot=slot, by_id=by.pk, event_id=event
    )
    return made.pk, version


COPY = """
COPY orders_scheduleline (version, order_id, line_id, product_id, location_id, kind, ship_date, delivery_date, quantity)
FROM STDIN
"""


@use_case("planning.copy_rows")
def copy_rows(
    run_id: int, version: int, orders: Iterable[tuple[int, Iterable[Row]]], *, by: Any, at: datetime | None = None
) -> None:
    """Write schedule lines under the run's version, unpublished, by COPY in one buffer."""
    text = "".join(
        f"{version}\t{order}\t{r.line_id}\t{r.product_id}\t{r.location_id}\t{r.kind}\t{r.ship}\t{r.arrive}\t{r.quantity}\n"
        for order, rows in orders
        for r in rows
    )
    with connection.cursor() as cursor, cursor.copy(COPY) as copy:
        copy.write(text)


@use_case("planning.close_run")
def close_run(run_id: int, state: str, certificate: Mapping[str, Any], *, by: Any, at: datetime | None = None) -> dict[str, Any]:
    """The run is published, or waits as a proposal; its certificate says what it did."""
    kept = {k: v for k, v in certificate.items() if isinstance(v, int | str) or v is None}
    name = "plan.published" if state == RunState.PUBLISHED else "plan.proposed"
    event = current().event(name, [("plan_run", run_id)], kept)
    PlanRun.objects.filter(pk=run_id).update(
        state=state, finished_at=current().at, certificate=dict(certificate), event_id=event
    )
    return {"run": run_id, **certificate}


@use_case("planning.hold")
def hold(run_id: int, made: Planned, *, by: Any, at: datetime | None = None) -> None:
    """Keep the run's changes as a proposal."""
    PlanChange.objects.bulk_create(change_rows(run_id, made, made.changes, ChangeState.HELD), batch_size=2_000)


def change_rows(run_id: int, made: Planned, which: Iterable[Change], state: str) -> list[PlanChange]:
    """The changes as rows, each with the money that moves with it. Two statements."""
    found = list(which)
    place = {u.order_id: n for n, u in reversed(list(enumerate(made.seen.units, 1)))}
    lines = OrderLine.objects.select_related("order").in_bulk([c.line_id for c in found])
    base = live_versions([c.order_id for c in found])
    return [
        PlanChange(
            run_id=run_id, order_id=c.order_id, line_id=c.line_id, place=place[c.order_id], outcome=c.outcome, state=state,
            before_date=c.before_date, before_quantity=c.before_quantity, after_date=c.after_date,
            after_quantity=c.after_quantity, amount=worth(lines[c.line_id], max(c.before_quantity, c.after_quantity)),
            reason=c.reason, other_order_id=c.other_order_id, base=base.get(c.order_id, 0), facts=made.seen.facts[c.order_id],
        )
        for c in found
    ]  # fmt: skip


def worth(line: OrderLine, quantity: int) -> Decimal:
    """The net of a part of a line, rounded once."""
    return half_up(line.net * quantity / line.quantity_ordered, exponent(line.order.currency_id))


def live_versions(order_ids: Iterable[int]) -> dict[int, int]:
    """Order id → the version that is alive."""
    return dict(LivePlan.objects.filter(order_id__in=set(order_ids)).values_list("order_id", "version"))


def publish(run_id: int, made: Planned, progress: Progress, *, by: Any) -> list[int]:
    """Publish in slices in rank order; an order whose facts moved, or that no longer fits, keeps its old lines and is
    placed again at the end, by itself. Returns those."""
    rank = {u.order_id: n for n, u in enumerate(made.seen.units)}
    orders = sorted({c.order_id for c in made.changes}, key=lambda i: rank[i])
    again: list[int] = []
    for first in range(0, len(orders), SLICE):
        part = orders[first : first + SLICE]
        try:
            again += publish_slice(run_id, part, made, by=by)
        except Conflict:
            for order_id in part:  # one of them no longer fits: each by itself
                try:
                    again += publish_slice(run_id, [order_id], made, by=by)
                except Conflict:
                    again.append(order_id)
        progress(min(first + SLICE, len(orders)), len(orders))
    for order_id in again:
        try:
            improve(order_id, by=by)
        except (Kept, Conflict):
            continue
    return again


@use_case("planning.publish_slice")
def publish_slice(run_id: int, order_ids: Sequence[int], made: Planned, *, by: Any, at: datetime | None = None) -> list[int]:
    """Switch these orders to the run's lines in one transaction; returns those whose facts moved, which are left alone."""
    version = PlanRun.objects.values_list("version", flat=True).get(pk=run_id)
    orders = {order.pk: order for order in lock_orders(order_ids)}
    now = facts_of(order_ids)
    moved = [i for i in order_ids if now.get(i) != made.seen.facts[i]]
    ready = [i for i in order_ids if i not in moved]
    if ready:
        found = [c for c in made.changes if c.order_id in ready]
        rows = change_rows(run_id, made, found, ChangeState.PUBLISHED)
        switch({i: orders[i] for i in ready}, {i: made.rows.get(i, []) for i in ready}, version, "plan", run_id)
        PlanChange.objects.bulk_create(
            rows, update_conflicts=True, unique_fields=["run", "line", "outcome"],
            update_fields=["after_date", "after_quantity", "amount", "reason", "other_order", "base", "facts"],
        )  # a run that was taken up again betters what it published before
    return moved


SWITCH = """
INSERT INTO orders_liveplan (order_id, version) SELECT id, %(version)s FROM unnest(%(orders)s::bigint[]) AS t(id)
ON CONFLICT (order_id) DO UPDATE SET version = excluded.version
"""


def switch(orders: Mapping[int, Order], rows: Mapping[int, Sequence[Row]], version: int, cause: str, run_id: int) -> None:
    """Part: let locked orders live by `rows`, written under `version`: bookings by their difference, promises where they
    moved, an event an order. Raises Conflict `short` when they do not fit; nothing is written then."""
    cmd = current()
    ids = sorted(orders)
    old = list(live_lines(ids))
    book_by_day(
        [(r.product_id, r.location_id, r.ship_date, -r.quantity) for r in old]
        + [(r.product_id, r.location_id, r.ship, r.quantity) for i in ids for r in rows[i]]
    )
    with connection.cursor() as cursor:
        cursor.execute(SWITCH, {"orders": ids, "version": version})
    planned: dict[int, list[Row]] = {}
    for i in ids:
        for r in rows[i]:
            if r.kind == ScheduleKind.PLAN:
                planned.setdefault(r.line_id, []).append(r)
    before = {r.line_id for r in old if r.kind == ScheduleKind.PLAN}
    told = sorted(before | planned.keys())
    standing = last_promises(told)
    firsts = set(Promise.objects.filter(line_id__in=told, kind=PromiseKind.FIRST).values_list("line_id", flat=True))
    order_of = {r.line_id: r.order_id for r in old} | {r.line_id: i for i in ids for r in rows[i]}
    events = {i: cmd.event("promise.moved", subjects(i, orders[i].customer_id), {"order": i, "cause": cause, "run": run_id}) for i in ids}
    receipts = first_receipts(planned)
    Promise.objects.bulk_create(
        promise
        for line_id in told
        if (promise := promised(line_id, planned.get(line_id, []), standing.get(line_id), line_id in firsts, version,
                                events[order_of[line_id]], cmd.at, orders[order_of[line_id]], receipts)) is not None
    )  # fmt: skip


def first_receipts(planned: Mapping[int, Sequence[Row]]) -> dict[tuple[int, int], Any]:
    """(product, location) → the day from which a row may live on an expected receipt."""
    pairs = {(r.product_id, r.location_id) for rows in planned.values() for r in rows}
    cells = Availability.objects.filter(product_id__in={p for p, _w in pairs}).values_list("product_id", "location_id", "days")
    return {(p, w): days[1] for p, w, days in cells if (p, w) in pairs and len(days) > 1}


def promised(
    line_id: int, rows: Sequence[Row], standing: Promise | None, told_first: bool, version: int, event_id: int, at: datetime,
    order: Order, receipts: Mapping[tuple[int, int], Any],
) -> Promise | None:  # fmt: skip
    """The promise a line gets by new rows: its first, or the current one where it moved; None where it did not."""
    quantity = sum(r.quantity for r in rows)
    ship, arrive = max((r.ship for r in rows), default=None), max((r.arrive for r in rows), default=None)
    same = standing is not None and (standing.quantity, standing.ship_date, standing.delivery_date) == (quantity, ship, arrive)
    if told_first and same:
        return None
    later = [r for r in rows if (day := receipts.get((r.product_id, r.location_id))) is not None and r.ship >= day]
    source = Source.NONE if not rows else Source.RECEIPT if later else Source.STOCK
    late = arrive is None or arrive > order.requested_date
    return Promise(
        line_id=line_id, kind=PromiseKind.CURRENT if told_first else PromiseKind.FIRST, version=version, quantity=quantity,
        ship_date=ship, delivery_date=arrive, source=source, binding=("supply" if later or not rows else "lead_time") if late else "",
        at=at, event_id=event_id,
    )  # fmt: skip
