"""A run held as a proposal: accepted whole or without some orders, rejected, undone; refused when facts moved underneath."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from inventory.stock.domain import booking_delta
from inventory.stock.locks import CellRow, lock_cells
from oms.accounts.policies import authorize
from oms.events.services import current, use_case
from oms.kernel.errors import Conflict, Invalid, NotFound, Stale
from orders.book.locks import lock_orders
from orders.planning.choices import ChangeState, Outcome, RunState
from orders.planning.domain.backlog import Row
from orders.planning.models import LivePlan, PlanChange, PlanRun, ScheduleLine
from orders.planning.selectors.live import live_lines
from orders.planning.selectors.snapshot import facts_of
from orders.planning.services.order_plan import next_version
from orders.planning.services.runs import copy_rows, switch

Cells = dict[tuple[int, int], CellRow]


def locked_run(run_id: int, state: str) -> PlanRun:
    """The run, locked, in this state; NotFound, Conflict `run_decided`."""
    found = PlanRun.objects.select_for_update(no_key=True).filter(pk=run_id).first()
    if found is None:
        raise NotFound(_("There is no such plan run."), code="run_missing")
    if found.state != state:
        raise Conflict(_("The run is %(state)s.") % {"state": found.get_state_display().lower()}, code="run_decided")
    return found


@use_case("planning.accept")
def accept(run_id: int, without: Collection[int] = (), *, by: Any, at: datetime | None = None) -> dict[str, int]:
    """Put a proposal into force, without the orders `without`. What gains only from them, and who would lose for nothing,
    stays as it is too. All or nothing: Stale `facts_moved` names the orders that changed since, Conflict `nothing_fits`.
    Returns counts."""
    authorize(by, "orders.plan")
    run = locked_run(run_id, RunState.PROPOSED)
    held = list(PlanChange.objects.filter(run=run, state=ChangeState.HELD).order_by("place", "pk"))
    ids = sorted({c.order_id for c in held} - set(without))
    if not ids:
        raise Invalid(_("Nothing is left to accept; reject the proposal instead."), code="nothing_left")
    orders = {order.pk: order for order in lock_orders(ids)}
    facts = {c.order_id: bytes(c.facts) for c in held}
    now = facts_of(ids)
    moved = [orders[i].number for i in ids if now.get(i) != facts[i]]
    if moved:
        raise Stale(
            _("%(n)s orders changed since this was worked out: %(numbers)s.") % {"n": len(moved), "numbers": ", ".join(moved[:5])},
            code="facts_moved", orders=moved, clears=_("Plan again, or accept without them."),
        )  # fmt: skip
    new = rows_under(dict.fromkeys(ids, run.version))
    taken = those_that_fit(held, ids, new)
    if not taken:
        raise Conflict(_("Without these orders nobody would gain anything."), code="nothing_fits",
                       clears=_("Accept more of it, or reject it."))  # fmt: skip
    switch({i: orders[i] for i in taken}, {i: new[i] for i in taken}, run.version, "proposal", run_id)
    left = sorted({c.order_id for c in held} - set(taken))
    ScheduleLine.objects.filter(version=run.version, order_id__in=left).delete()
    PlanChange.objects.filter(run=run, order_id__in=taken).update(state=ChangeState.PUBLISHED)
    PlanChange.objects.filter(run=run, order_id__in=left).update(state=ChangeState.LEFT)
    counts = {"accepted": len(taken), "left": len(left)}
    close(run, RunState.PUBLISHED, "plan.accepted", counts)
    return counts


def close(run: PlanRun, state: str, name: str, data: Mapping[str, Any], note: str = "") -> None:
    """Part: the run is decided."""
    cmd = current()
    cmd.event(name, [("plan_run", run.pk)], {"run": run.pk, **data}, note=note)
    PlanRun.objects.filter(pk=run.pk).update(state=state, decided_by_id=cmd.by.pk, decided_at=cmd.at)


def rows_under(versions: Mapping[int, int]) -> dict[int, list[Row]]:
    """Order id → its schedule rows under a version. One statement a version."""
    found: dict[int, list[Row]] = {i: [] for i in versions}
    for version in sorted(set(versions.values())):
        ids = [i for i, v in versions.items() if v == version]
        for r in ScheduleLine.objects.filter(version=version, order_id__in=ids).order_by("pk"):
            found[r.order_id].append(Row(r.pk, r.order_id, r.line_id, r.product_id, r.location_id, r.kind, r.ship_date, r.delivery_date, r.quantity))
    return found


def those_that_fit(held: Sequence[PlanChange], ids: Sequence[int], new: Mapping[int, Sequence[Row]]) -> list[int]:
    """Part: which of the (locked) orders can change together: losers first, then gains by rank as far as they fit, then
    every loser nobody needs keeps what it has. The cells stay locked."""
    old: dict[int, list[Row]] = {i: [] for i in ids}
    for r in live_lines(ids):
        old[r.order_id].append(Row(r.pk, r.order_id, r.line_id, r.product_id, r.location_id, r.kind, r.ship_date, r.delivery_date, r.quantity))
    every = [r for i in ids for r in (*old[i], *new[i])]
    cells: Cells = lock_cells({(r.product_id, r.location_id) for r in every})
    need = {pair: max(0, -min(cell.free)) for pair, cell in cells.items()}
    place = {c.order_id: c.place for c in held}
    losing = {c.order_id for c in held if c.outcome != Outcome.BETTER}
    taken = [i for i in ids if i in losing]
    for i in taken:
        move(cells, old[i], new[i])
    for i in sorted((i for i in ids if i not in losing), key=place.__getitem__):
        move(cells, old[i], new[i])
        if fits(cells, need, new[i]):
            taken.append(i)
        else:
            move(cells, new[i], old[i])
    for i in sorted(losing.intersection(ids), key=place.__getitem__):
        move(cells, new[i], old[i])
        if fits(cells, need, old[i]):
            taken.remove(i)
        else:
            move(cells, old[i], new[i])
    return sorted(taken)


def move(cells: Cells, off: Iterable[Row], on: Iterable[Row]) -> None:
    """Book `on` and give `off` back, in memory."""
    for sign, rows in ((-1, off), (1, on)):
        for r in rows:
            cell = cells[r.product_id, r.location_id]
            delta = booking_delta(cell.days, r.ship, sign * r.quantity)
            cells[r.product_id, r.location_id] = cell._replace(free=tuple(f + d for f, d in zip(cell.free, delta, strict=True)))


def fits(cells: Cells, need: Mapping[tuple[int, int], int], rows: Iterable[Row]) -> bool:
    """Whether no cell of the rows lacks more than it lacked before."""
    return all(max(0, -min(cells[pair].free)) <= need[pair] for pair in {(r.product_id, r.location_id) for r in rows})


@use_case("planning.reject")
def reject(run_id: int, reason: str, *, by: Any, at: datetime | None = None) -> None:
    """Refuse a proposal: its lines go, nothing changes. Raises Invalid `reason_missing`, Conflict `run_decided`."""
    authorize(by, "orders.plan")
    if not reason.strip():
        raise Invalid(_("Say why."), code="reason_missing", errors=[{"field": "reason", "message": _("Say why.")}])
    run = locked_run(run_id, RunState.PROPOSED)
    ScheduleLine.objects.filter(version=run.version).delete()
    PlanChange.objects.filter(run=run).update(state=ChangeState.LEFT)
    close(run, RunState.REJECTED, "plan.rejected", {}, reason)


@use_case("planning.undo")
def undo(run_id: int, *, by: Any, at: datetime | None = None) -> int:
    """Give every order of a published run the lines it had before; how many. All or nothing: Stale `facts_moved` when one
    was decided, released or planned since, Conflict `short` when the old places are taken."""
    authorize(by, "orders.plan")
    run = locked_run(run_id, RunState.PUBLISHED)
    done = list(PlanChange.objects.filter(run=run, state=ChangeState.PUBLISHED))
    ids = sorted({c.order_id for c in done})
    if not ids:
        raise Invalid(_("This run changed nothing."), code="nothing_left")
    orders = {order.pk: order for order in lock_orders(ids)}
    live = dict(LivePlan.objects.filter(order_id__in=ids).values_list("order_id", "version"))
    standing: dict[tuple[int, str], int] = {}
    for r in live_lines(ids):
        standing[r.line_id, r.kind] = standing.get((r.line_id, r.kind), 0) + r.quantity
    kinds = {c.pk: "claim" if c.outcome == Outcome.QUOTED else "plan" for c in done}
    moved = sorted({orders[c.order_id].number for c in done if live.get(c.order_id) != run.version
                    or standing.get((c.line_id, kinds[c.pk]), 0) != c.after_quantity})  # fmt: skip
    if moved:
        raise Stale(_("%(n)s orders changed since: %(numbers)s.") % {"n": len(moved), "numbers": ", ".join(moved[:5])},
                    code="facts_moved", orders=moved, clears=_("Plan again instead."))  # fmt: skip
    old = rows_under({c.order_id: c.base for c in done})
    version = next_version()
    copy_rows(run_id, version, [(i, old[i]) for i in ids], by=by)
    switch(orders, old, version, "undo", run_id)
    PlanChange.objects.filter(run=run, state=ChangeState.PUBLISHED).update(state=ChangeState.UNDONE)
    close(run, RunState.UNDONE, "plan.undone", {"orders": len(ids)})
    return len(ids)
