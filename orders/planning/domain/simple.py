"""Place one order on a few cells, simply: one location for all if it serves all best, else each line by itself.

A row leaves as late as it can and still be in time (early stock stays for others), else as early as it can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from inventory.stock.domain import Cell


@dataclass(frozen=True)
class Want:
    """A line: `key` names it; quantity in base units; `no_split` = all in one row or not at all."""

    key: int
    product_id: int
    quantity: int
    no_split: bool


@dataclass(frozen=True)
class Site:
    """A location as seen from the customer's zone. `ship_days` in time order; `deliver[i]` belongs to `ship_days[i]`."""

    location_id: int
    first_day: date
    deliver: Callable[[date], date]
    latest_for: Callable[[date], date | None]
    unit_cost: int
    shipment_cost: int


@dataclass(frozen=True)
class Row:
    """`quantity` of `key` leaves `location_id` on `ship`, arrives on `arrive`."""

    key: int
    product_id: int
    location_id: int
    ship: date
    arrive: date
    quantity: int


Cells = Mapping[tuple[int, int], Cell]


def days_of(site: Site, cell: Cell, requested: date) -> list[date]:
    """Days worth trying at a site, best first: the latest still in time, then the first day and each later supply."""
    later = [max(site.first_day, day) for day in cell.days]
    in_time = site.latest_for(requested)
    first = [in_time] if in_time is not None and in_time >= site.first_day else []
    return first + sorted(set(later))


def options(site: Site, cell: Cell, requested: date) -> list[tuple[date, date, int]]:
    """(arrival no earlier than matters, ship day, free) at one site for one cell, where anything is free."""
    found = []
    for day in days_of(site, cell, requested):
        free = cell.available(day)
        if free > 0:
            found.append((max(site.deliver(day), requested), day, free))
    return found


def place(wants: Sequence[Want], cells: Cells, sites: Sequence[Site], requested: date, rule: int) -> list[Row]:
    """Rows for the wants. `rule` 0 partial, 1 complete together, 2 complete from one location and day."""
    together = one_site(wants, cells, sites, requested)
    if together is not None and (rule == 2 or on_time(together, requested)):
        return together
    if rule == 2:
        return []
    apart = each_line(wants, cells, sites, requested)
    asked = {w.key: w.quantity for w in wants}
    filled: dict[int, int] = {}
    for row in apart:
        filled[row.key] = filled.get(row.key, 0) + row.quantity
    if rule == 1 and filled != asked:
        return together or []
    if together is not None and (rule == 1 or filled != asked or lateness(together, requested) <= lateness(apart, requested)):
        return together
    return apart


def lateness(rows: Sequence[Row], requested: date) -> int:
    """Unit days after the requested day."""
    return sum(row.quantity * max(0, (row.arrive - requested).days) for row in rows)


def on_time(rows: Sequence[Row], requested: date) -> bool:
    """Whether everything arrives by the requested day."""
    return all(row.arrive <= requested for row in rows)


def one_site(wants: Sequence[Want], cells: Cells, sites: Sequence[Site], requested: date) -> list[Row] | None:
    """All wants from one location on one day, arriving earliest (not before requested matters), cheapest."""
    best: tuple[tuple[date, int, int], list[Row]] | None = None
    for n, site in enumerate(sites):
        theirs = [cells.get((w.product_id, site.location_id)) for w in wants]
        if any(cell is None for cell in theirs):
            continue
        own = [cell for cell in theirs if cell is not None]
        need: dict[int, int] = {}
        for w in wants:
            need[w.product_id] = need.get(w.product_id, 0) + w.quantity
        for day in sorted({d for cell in own for d in days_of(site, cell, requested)}):
            if all(cell.available(day) >= need[w.product_id] for w, cell in zip(wants, own, strict=True)):
                arrive = site.deliver(day)
                rows = [Row(w.key, w.product_id, site.location_id, day, arrive, w.quantity) for w in wants]
                cost = site.unit_cost * sum(w.quantity for w in wants) + site.shipment_cost
                key = (max(arrive, requested), cost, n)
                in_time = arrive <= requested
                if best is None or key < best[0] or (key == best[0] and in_time):
                    best = (key, rows)
    return best[1] if best else None


def each_line(wants: Sequence[Want], cells: Cells, sites: Sequence[Site], requested: date) -> list[Row]:
    """Every line by itself, splitting where it may; later lines see what earlier ones took."""
    left = dict(cells)
    rows: list[Row] = []
    for want in wants:
        missing = want.quantity
        while missing > 0:
            found = [
                (arrive, site.unit_cost * min(free, missing) + site.shipment_cost, n, site, day, free)
                for n, site in enumerate(sites)
                if (cell := left.get((want.product_id, site.location_id))) is not None
                for arrive, day, free in options(site, cell, requested)
                if not want.no_split or free >= want.quantity
            ]
            if not found:
                break
            _arrive, _cost, _n, site, day, free = min(found, key=lambda f: (f[0], -min(f[5], missing), f[1], f[2]))
            taken = min(free, missing)
            rows.append(Row(want.key, want.product_id, site.location_id, day, site.deliver(day), taken))
            left[want.product_id, site.location_id] = book(left[want.product_id, site.location_id], day, taken)
            missing -= taken
    return merge(rows)


def book(cell: Cell, day: date, quantity: int) -> Cell:
    """The cell after taking `quantity` on `day`."""
    first = max(i for i, d in enumerate(cell.days) if i == 0 or d <= day)
    return Cell(cell.days, tuple(f - quantity if i >= first else f for i, f in enumerate(cell.free)))


def merge(rows: Sequence[Row]) -> list[Row]:
    """Rows of the same line, location and day as one."""
    totals: dict[tuple[int, int, int, date, date], int] = {}
    for r in rows:
        key = (r.key, r.product_id, r.location_id, r.ship, r.arrive)
        totals[key] = totals.get(key, 0) + r.quantity
    return [Row(k, p, site, ship, arrive, q) for (k, p, site, ship, arrive), q in totals.items()]
