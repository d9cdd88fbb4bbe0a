"""Why a line has its date (PLANNING.md, Explanation): read, ask again with one thing changed, and say what is found.

A fixed number of statements, whatever the backlog. Nothing is written; what the viewer may not know is left out last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from django.utils import timezone

from customers.parties.models import Customer
from inventory.catalog.models import Product
from inventory.stock.domain import ALREADY
from inventory.stock.selectors import cells_for
from oms.accounts.choices import Role
from orders.book.choices import SHIPPED_KINDS
from orders.book.models import Order, OrderLine
from orders.book.selectors import visible_orders
from orders.holds.choices import Step
from orders.holds.models import Hold
from orders.holds.selectors import open_holds
from orders.planning.domain.ranking import Rules, Standing, rank_key
from orders.planning.domain.why import (
    DONE,
    MOST_DAYS,
    ON_TIME,
    Candidate,
    Factor,
    Help,
    Holder,
    Part,
    Question,
    Service,
    Version,
    Why,
    bound_by,
    holders_of,
    masked,
    served,
    verdict,
)
from orders.planning.models import Promise, ScheduleLine
from orders.planning.selectors.case import Case, given_back, location_names, others_booked, wanting
from orders.planning.selectors.live import live_lines
from orders.planning.selectors.network import network
from orders.planning.selectors.placing import Ask, AskLine, PlacedRow, place_on
from orders.planning.selectors.rules import rules_now

STOPS = {Step.APPROVE, Step.RELEASE}
PLACEABLE = ("submitted", "approved")
USUAL_CRITICALITY = 2


def why_line(user: Any, order: Order, line: OrderLine) -> Why:
    """The explanation of a goods line of an order the user may see. About ten statements."""
    goods = [x for x in order.lines.all() if x.kind in SHIPPED_KINDS and x.product_id]
    live = list(live_lines([order.pk]))
    open_ = line.quantity_approved - line.quantity_shipped - line.quantity_allocated
    kind = "plan" if open_ > 0 or line.pending == 0 else "claim"
    asked = {x.pk: x.quantity_approved - x.quantity_shipped - x.quantity_allocated if kind == "plan" else x.pending for x in goods}
    address = order.ship_to
    ask = Ask(
        order.customer_class, order.criticality, order.requested_date, timezone.now(), address.transit_zone,
        address.receiving_calendar_id, order.delivery_rule, order.max_shipments,
        tuple(AskLine(x.pk, x.product_id or 0, asked[x.pk], x.no_split) for x in goods if asked[x.pk] > 0),
    )  # fmt: skip
    cells = cells_for({x.product_id for x in goods if x.product_id})
    own = [(r.product_id, r.location_id, r.ship_date, r.quantity) for r in live if r.kind == kind]
    case = Case(ask, line.pk, line.product_id or 0, asked[line.pk], given_back(cells, own), network())
    question = Question(
        order.number, line.position, line.product.sku if line.product else "", line.description, order.requested_date,
        asked[line.pk], kind == "claim", line.quantity_allocated, line.quantity_shipped,
    )  # fmt: skip
    standing = Standing(order.pk, kind == "plan", order.customer_class, order.criticality, order.requested_date, line.rank_date)
    rows = [r for r in live if r.line_id == line.pk and r.kind == kind]
    promises = list(Promise.objects.filter(line_id=line.pk).select_related("event__actor", "event__note").order_by("pk"))
    holds = [h for h in open_holds([order.pk]) if STOPS.intersection(h.steps)]
    found = explain(case, question, standing, parts_of(rows, case), promises, holds if order.status in PLACEABLE else [])
    return for_viewer(user, found)


def why_quote(user: Any, customer: Customer, product: Product, quantity: int, requested: date, ship_to: str = "") -> Why | None:
    """The same for a line not ordered yet (base units), ranked as if it were submitted now; None without an address."""
    codes = {"code": ship_to} if ship_to else {"is_default": True}
    address = customer.addresses.filter(retired_at__isnull=True, **codes).first()
    if address is None:
        return None
    ask = Ask(
        customer.customer_class, USUAL_CRITICALITY, requested, timezone.now(), address.transit_zone,
        address.receiving_calendar_id, customer.delivery_rule, customer.max_shipments,
        (AskLine(0, product.pk, quantity, False),),
    )  # fmt: skip
    question = Question("", 0, product.sku, product.name, requested, quantity, False)
    cells = tuple(cells_for({product.pk}))
    case = Case(ask, 0, product.pk, quantity, cells, network())
    standing = Standing(1 << 62, False, ask.customer_class, ask.criticality, requested, timezone.localdate(ask.now))
    placed = place_on(ask, cells, case.lanes).rows_of(case.key)
    return for_viewer(user, explain(case, question, standing, parts_of(placed, case), [], []))


def for_viewer(user: Any, why: Why) -> Why:
    """What this user may know of it. One statement when others hold the stock."""
    ids = {h.order_id for h in why.holders}
    visible = frozenset(visible_orders(user).filter(pk__in=ids).values_list("pk", flat=True)) if ids else frozenset()
    return masked(why, visible, Role.PARTNER in user.roles)


def parts_of(rows: Iterable[ScheduleLine | PlacedRow], case: Case) -> tuple[Part, ...]:
    """Schedule lines (or placed rows) as parts."""
    rows = list(rows)
    names = location_names({r.location_id for r in rows})
    return tuple(
        Part(*names[r.location_id], r.ship_date, r.delivery_date, r.quantity, r.ship_date > first_receipt_after(case, r))
        for r in rows
    )  # fmt: skip


def first_receipt_after(case: Case, row: ScheduleLine | PlacedRow) -> date:
    """The day before which the row takes only what lies there already."""
    days = case.cell(row.location_id).days
    return days[1] - timedelta(days=1) if len(days) > 1 else date.max


def explain(
    case: Case, question: Question, standing: Standing, parts: tuple[Part, ...], promises: Sequence[Promise],
    holds: Sequence[Hold],
) -> Why:  # fmt: skip
    """Everything about the line, unmasked."""
    rules = rules_now()
    own = rank_key(rules, standing)
    service = served([(p.delivery_date, p.quantity) for p in parts], case.quantity)
    requested = question.requested_date
    outcome = service.outcome(requested) if case.quantity else done_outcome(promises, requested)
    stored = next((p for p in reversed(promises) if p.kind != "actual"), None)
    binding = ""
    if case.quantity == 0:
        binding = "frozen" if question.allocated else ""
    elif outcome != ON_TIME:
        binding = binding_of(case.at(min(stored.at, case.ask.now)) if stored else case, service, holds)
        binding = binding or (stored.binding if stored else "") or "supply"
    booked = [(rank_key(rules, s), with_rank(h, rank_key(rules, s) < own)) for s, h in others_booked(case.product_id, standing.order_id)]
    last_ship = max((p.ship_date for p in parts), default=None) if not service.missing else None
    ahead = [rank_key(rules, s) < own for s in wanting(case.product_id) if s.order_id != standing.order_id]
    return Why(
        question, outcome, binding, service, parts, 1 + sum(ahead), 1 + len(ahead), rules.version, factors(rules, standing),
        holders_of(booked, own, last_ship) if binding in ("supply", "complete_rule", "split_limit") else (),
        candidates(case, parts), helps(case, service, outcome, holds), history(promises),
    )  # fmt: skip


def with_rank(holder: Holder, higher: bool) -> Holder:
    return replace(holder, higher=higher)


def factors(rules: Rules, standing: Standing) -> tuple[Factor, ...]:
    """The order's factors in the order in which they count."""
    return tuple(Factor(name, standing.value(name)) for name in rules.factors)


def done_outcome(promises: Sequence[Promise], requested: date) -> str:
    """A line with nothing left to place: as its last promise says."""
    last = promises[-1] if promises else None
    if last is None or last.delivery_date is None:
        return DONE
    return ON_TIME if last.delivery_date <= requested else "late"


def binding_of(case: Case, service: Service, holds: Sequence[Hold]) -> str:
    """What kept the line from being whole and in time, "" when asking again would serve it."""
    requested = case.ask.requested_date
    if not case.of_zone:
        return "no_lane"
    base = case.service()
    if base.outcome(requested) == ON_TIME:
        return "hold" if holds and service.arrives is None else ""
    for code, freed in (("complete_rule", case.by(rule=0)), ("split_limit", case.by(split=True, shipments=0))):
        if freed.ask != case.ask and freed.service().outcome(requested) == ON_TIME:
            return code
    if any(lane.capacity is not None for lane in case.of_zone) and case.without_limits().service().better_than(base, requested):
        return "capacity"
    plenty = case.with_plenty()
    answers = [("supply", plenty.service()), ("calendar", plenty.without_holidays().service())]
    return bound_by(answers, base, requested) or "lead_time"


def candidates(case: Case, parts: Sequence[Part]) -> tuple[Candidate, ...]:
    """Every location with a lane to the customer, then those with stock and none."""
    names = location_names({c.location_id for c in case.cells} | {lane.location_id for lane in case.of_zone})
    chosen = {p.location for p in parts}
    days = day_range(case, parts)
    found = []
    for lane in case.of_zone:
        code, name = names[lane.location_id]
        cell, latest = case.cell(lane.location_id), case.latest(lane)
        first = case.lanes.earliest_ship(lane, case.ask.now)
        free = max(0, cell.available(latest or first))
        whole = next((max(d, first) for d in sorted({*cell.days, first}) if cell.available(max(d, first)) >= case.quantity), None)
        if latest and free >= case.quantity:
            whole = latest
        arrives = case.arrival(lane, whole) if whole is not None else None
        found.append(Candidate(
            code, name, verdict(code in chosen, case.quantity, free, latest, arrives, cell.free[-1]), first, latest, free, arrives,
            tuple((d, max(0, cell.available(d))) for d in days),
        ))  # fmt: skip
    lanes = {lane.location_id for lane in case.of_zone}
    today = timezone.localdate(case.ask.now)
    for c in case.cells:
        if c.product_id == case.product_id and c.location_id not in lanes and c.free[-1] > 0:
            cell = case.cell(c.location_id)
            found.append(Candidate(
                *names[c.location_id], "no_lane", None, None, max(0, cell.available(today)), None,
                tuple((d, max(0, cell.available(d))) for d in days),
            ))  # fmt: skip
    return tuple(found)


def day_range(case: Case, parts: Sequence[Part]) -> list[date]:
    """The days worth drawing: from today until what matters last, at most MOST_DAYS."""
    today = timezone.localdate(case.ask.now)
    soon = [d for c in case.cells if c.product_id == case.product_id for d in c.days if d != ALREADY]
    last = max([today + timedelta(days=6), case.ask.requested_date, *(p.delivery_date for p in parts), *soon])
    return [today + timedelta(days=n) for n in range(min(MOST_DAYS, (last - today).days + 2))]


def helps(case: Case, service: Service, outcome: str, holds: Sequence[Hold]) -> tuple[Help, ...]:
    """What would bring the date forward, each tried: asked again with it, the line is served better."""
    requested = case.ask.requested_date
    found = [Help("hold", int(h.amount), text=h.reason or h.get_kind_display(), source=h.get_owner_display()) for h in holds]
    if outcome in (ON_TIME, DONE) or case.quantity == 0:
        return tuple(found)
    base = case.service()
    if base.better_than(service, requested):
        found.append(Help("replan", case.quantity - base.missing, arrives=base.arrives))
    if base.outcome(requested) == ON_TIME:
        return tuple(found)
    for kind, freed in (("partial", case.by(rule=0)), ("split", case.by(split=True, shipments=0))):
        if freed.ask != case.ask and (now := freed.service()).better_than(base, requested):
            found.append(Help(kind, case.quantity - now.missing, arrives=now.arrives))
    return (*found, *more_stock(case, base))


def more_stock(case: Case, base: Service) -> list[Help]:
    """The least stock that makes the line whole and in time, by location, least and latest first; and who could give it."""
    requested = case.ask.requested_date
    found: list[tuple[int, date, int]] = []
    for lane in case.of_zone:
        latest = case.latest(lane)
        if latest is None:
            continue
        free = max(0, case.cell(lane.location_id).available(latest))
        late = case.quantity - sum_in_time(case, requested)
        for needed in sorted({n for n in (late, case.quantity - free) if n > 0}):
            if case.with_more(lane.location_id, latest, needed).service().outcome(requested) == ON_TIME:
                found.append((needed, latest, lane.location_id))
                break
    found.sort(key=lambda f: (f[0], -f[1].toordinal(), f[2]))
    names = location_names({where for _n, _day, where in found} | {c.location_id for c in case.cells})
    made = [Help("stock", needed, by=day, location=names[where][1], arrives=requested) for needed, day, where in found[:2]]
    if found:
        needed, day, where = found[0]
        for c in case.cells:
            if c.product_id == case.product_id and c.location_id != where and case.cell(c.location_id).available(day) >= needed:
                made.append(Help("transfer", needed, by=day, location=names[where][1], source=names[c.location_id][1]))
                break
    return made


def sum_in_time(case: Case, requested: date) -> int:
    """Units of the line that arrive in time as things stand."""
    rows = place_on(case.ask, case.cells, case.lanes).rows_of(case.key)
    return sum(r.quantity for r in rows if r.delivery_date <= requested)


def history(promises: Iterable[Promise]) -> tuple[Version, ...]:
    """The promise versions, oldest first, each with its cause."""
    return tuple(
        Version(
            p.get_kind_display(), p.at, p.quantity, p.ship_date, p.delivery_date, p.binding, p.event.name, p.event.data,
            "" if p.event.actor.is_system else str(p.event.actor), note_of(p),
        )
        for p in promises
    )  # fmt: skip


def note_of(promise: Promise) -> str:
    """What a person wrote as the reason."""
    note = getattr(promise.event, "note", None)
    return note.text if note else ""

