"""What the kernel reads and writes: flat tables of integer records, the same for compiled and for plain code.

Days count from the planning day (0); products, locations, zones, cells and lines are indices; money is in whole minor
units times a scale the caller chooses. A table is a structured array in a worker and a list of the classes below in
the web process: `case.lines[line].quantity` reads the same in both. Tables of several dimensions lie flat, the last
one fastest; a table of starts has one record more than it counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, NamedTuple

Ints = Any  # an integer array or a list of ints; both are indexed the same way

INFINITE = 1 << 60
STRICT_WEIGHT = 1 << 30  # one unit late by one day weighs more than any order's freight: service before cost
GROUP = 8  # lines that are partitioned together: 3^8 steps
FULL = 1 << GROUP
SPLIT_ROWS = 6  # rows a split line may have when its own limit says nothing
EXTRA_ROWS = 6  # rows an order may have beyond two a line

PARTIAL, TOGETHER, SINGLE = 0, 1, 2  # delivery rules

# Bounds of one order's scratch space in a worker; `instance.build` refuses what exceeds them.
MOST_LOCATIONS = 1 << 10
MOST_LINES = 1 << 11
MOST_DAYS = 1 << 11
MOST_ENTRIES = 1 << 13
MOST_OPTIONS = 1 << 14


@dataclass(slots=True)
class OrderRow:
    """An order, in rank sequence; `line` is its first line, `frozen` its first frozen shipment, `weight` counts per unit and day late, scaled."""

    line: int
    zone: int = 0
    requested: int = 0
    weight: int = STRICT_WEIGHT
    rule: int = PARTIAL
    max_shipments: int = 0
    group: int = 0
    frozen: int = 0


@dataclass(slots=True)
class FrozenRow:
    """A shipment of an order that stands: ship day in the frozen zone, picked, or fixed by hand."""

    location: int
    day: int


@dataclass(slots=True)
class LineRow:
    """A demand row: `whole` 1 = one row or nothing; `max_rows` 0 = no limit."""

    product: int
    quantity: int
    whole: int = 0
    max_rows: int = 0


@dataclass(slots=True)
class ProductRow:
    """First cell and first substitute of a product."""

    cell: int
    substitute: int = 0


@dataclass(slots=True)
class SubstituteRow:
    """A product that may stand in, at `cost` per unit, scaled."""

    product: int
    cost: int


@dataclass(slots=True)
class CellRow:
    """A product at a location: first bucket, first guard."""

    location: int
    bucket: int
    guard: int = 0


@dataclass(slots=True)
class BucketRow:
    """`free` is cumulative from `day` on; `price` is what a unit taken from here on costs others, scaled."""

    day: int
    free: int
    price: int = 0


@dataclass(slots=True)
class GuardRow:
    """A protection of a cell for `group`: what is still kept by bucket stands in `kept` from `at` on, cumulative."""

    group: int
    at: int


@dataclass(slots=True)
class LaneRow:
    """Costs from a location to a zone, by [zone, location], scaled."""

    unit_cost: int
    ship_cost: int


@dataclass(slots=True)
class SpanRow:
    """Where an order's rows lie in a plan, and how many there are."""

    start: int
    count: int = 0


@dataclass(slots=True)
class PlanRow:
    """A schedule row."""

    line: int = 0
    cell: int = 0
    day: int = 0
    quantity: int = 0


def strict_weight(units: int, late_max: int) -> int:
    """Weight of an order of so many units under STRICT: as much as leaves every sum below INFINITE."""
    return max(1, min(STRICT_WEIGHT, INFINITE // 4 // max(1, units * late_max)))


class Case(NamedTuple):
    """All there is to know for placing orders.

    `deliver` [zone, location, day] is the arrival of goods leaving on a day, never decreasing in day; `latest` [zone,
    location, arrival] the last day that still arrives by then, −1 when none does. `capacity` [location, day] is what
    may still leave, −1 unlimited; unread unless `limited`. `late_max`: days an undelivered unit counts. `strict`:
    service before cost, so no line is ever worth a later day than its first. `relaxed`: a splittable line fits wherever anything is free, nothing is split, capacities do not bind (the bound).
    """

    orders: Any
    frozen: Any
    lines: Any
    products: Any
    substitutes: Any
    cells: Any
    buckets: Any
    guards: Any
    kept: Ints
    capacity: Ints
    lanes: Any
    deliver: Ints
    latest: Ints
    locations: int
    days: int
    arrivals: int
    limited: int
    late_max: int
    strict: int
    relaxed: int


class Plan(NamedTuple):
    """Schedule rows of all orders: `spans[o].count` rows from `spans[o].start` on."""

    spans: Any
    rows: Any


class Search(NamedTuple):
    """What the improvement needs beside a plan (empty tables for everything else).

    Orders with a line of product p: `order[first[p]:first[p + 1]]`; `product_of` [cell]; `class_of` [order]. `cost` and
    `service` [order]: what it costs as it stands; `ideal` [order]: with all supply free. `wishes`: what an order would
    take then at prices, without them, and what it has under STRICT; one span an order each. `slack` [class]: how much service the class may
    lose until it is as badly off as under STRICT. The rest is scratch: orders taken out together, and their rows.
    """

    first: Ints
    order: Ints
    product_of: Ints
    class_of: Ints
    cost: Ints
    service: Ints
    ideal: Ints
    wishes: Plan
    slack: Ints
    loss: Ints
    chosen: Ints
    sequence: Ints
    counts: Ints
    new_cost: Ints
    new_service: Ints
    saved: Any
    sums: Ints
    state: Ints


# Slots of Search.state: the random number, what a move may cost, how much more counts the service of a class that is
# worse than it may be, rows that lie aside, what the chosen orders cost placed anew.
RANDOM, WARMTH, STRESS, ASIDE, AFTER = range(5)
STRICTLY = 2  # the wish that is the STRICT plan; those before it are free ones

# Slots of Work.number. PRICED is set by the caller: 1 adds `BucketRow.price` to what a unit costs.
ROWS, SHIPMENTS, ROBUST, OPTIONS, ENTRIES, TOUCHED, COST, CLASH, DAYS, FOUND, SPARE, PRICED = range(12)


@dataclass(slots=True)
class Work:
    """Scratch space of one `place`; its answer lies in `row_*`, `number[ROWS]` of them."""

    number: Ints
    line: Ints  # active lines of the order
    member: Ints  # lines of the group at hand
    head: Ints  # [location] first entry, −1
    touched: Ints  # locations with entries, ascending
    entry_next: Ints
    entry_member: Ints
    entry_cell: Ints
    entry_from: Ints  # first bucket from which the whole line is free
    entry_extra: Ints
    candidate: Ints  # days
    option_location: Ints
    option_day: Ints
    option_fixed: Ints
    option_mask: Ints  # lines it can take
    option_room: Ints
    option_cost: Ints  # [option, member]
    option_cell: Ints
    least: Ints  # [member] cheapest option
    alone: Ints  # [member] cost outside any shipment: undelivered or split
    in_time: Ints  # [member] 1 = some option is in time
    total: Ints  # [subset]
    best: Ints
    best_option: Ints
    value: Ints  # [shipments, subset]
    pick: Ints
    low: Ints  # [mask of one bit] its number
    ship_location: Ints
    ship_day: Ints
    split_cell: Ints
    split_day: Ints
    split_free: Ints
    split_unit: Ints
    split_take: Ints
    row_line: Ints
    row_cell: Ints
    row_day: Ints
    row_quantity: Ints


WORK = tuple(field.name for field in fields(Work))


@cache
def work_sizes(locations: int, days: int, lines: int, entries: int, options: int) -> dict[str, int]:
    """Length of each scratch table, for so many locations, days, lines an order, entries and options."""
    rows = 2 * lines + EXTRA_ROWS + SPLIT_ROWS
    sizes = dict.fromkeys(WORK, options)
    sizes |= {name: entries for name in WORK if name.startswith("entry_")}
    sizes |= {name: rows for name in WORK if name.startswith(("row_", "ship_"))}
    sizes |= dict.fromkeys(("member", "least", "alone", "in_time"), GROUP)
    sizes |= dict.fromkeys(("total", "best", "best_option", "low"), FULL)
    sizes |= dict.fromkeys(("value", "pick"), FULL * (GROUP + 1))
    sizes |= dict.fromkeys(("option_cost", "option_cell"), options * GROUP)
    sizes |= {"number": 12, "line": lines, "head": locations, "touched": locations + 1}
    return sizes | {"candidate": max(options, days)}


def needs(cells: int, buckets: int, locations: int) -> tuple[int, int]:
    """Entries and options of one group when all sources of a line have at most so many cells and buckets."""
    return GROUP * cells + 1, 3 * (locations + GROUP * buckets) + 1


def prepare(work: Any, locations: int) -> None:
    """Put scratch space, all zeros, into its resting state."""
    for location in range(locations):
        work.head[location] = -1
    for bit in range(GROUP):
        work.low[1 << bit] = bit


def plain_work(locations: int, days: int, lines: int, cells: int, buckets: int) -> Work:
    """Scratch space of plain lists, just large enough."""
    make: Callable[[int], list[int]] = lambda size: [0] * size  # noqa: E731
    sizes = work_sizes(locations, days, lines, *needs(cells, buckets, locations))
    work = Work(**{name: make(size) for name, size in sizes.items()})
    prepare(work, locations)
    return work
