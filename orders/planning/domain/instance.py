"""An instance of arrays (the referee's format) as the kernel's tables, in one canonical order, and back.

Whatever the order of rows in the input, the tables are the same: orders by rank, lines of an order by product and
quantity, supply by product, location and day. Beyond the referee's arrays it knows, all optional: `order_group`;
`prot_sku/loc/day/group/qty` (kept for a group, from that day on); `fix_line/sku/loc/day/qty` (frozen rows).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from orders.planning.domain.tables import (
    EXTRA_ROWS,
    GROUP,
    INFINITE,
    MOST_DAYS,
    MOST_ENTRIES,
    MOST_LINES,
    MOST_LOCATIONS,
    MOST_OPTIONS,
    STRICT_WEIGHT,
    BucketRow,
    Case,
    CellRow,
    FrozenRow,
    GuardRow,
    LaneRow,
    LineRow,
    OrderRow,
    Plan,
    PlanRow,
    ProductRow,
    SpanRow,
    SubstituteRow,
    Work,
    needs,
    plain_work,
    work_sizes,
)

Arrays = Mapping[str, Any]
REQUIRED = (
    "line_order line_sku line_qty line_nosplit order_zone order_class order_req order_rank order_weight order_complete "
    "sup_sku sup_loc sup_day sup_qty deliver unit_cost ship_cost cap late_max n_sku"
).split()
OPTIONAL = (
    "line_maxrows order_maxship order_group sub_from sub_to sub_cost prot_sku prot_loc prot_day prot_group prot_qty "
    "fix_line fix_sku fix_loc fix_day fix_qty"
).split()
MOST = 1 << 40  # an order's units times days late


class BadInstance(ValueError):
    """The instance cannot be planned: names the array, the row and the rule."""


def kind(row: Any, sizes: Mapping[str, int] | None = None) -> Any:
    """The array type of a record class; `sizes` for fields that are tables themselves. One integer type for all: compiled
    code comes in one version, not in one for each mix of types."""
    columns: list[Any] = [(f.name, np.int64) for f in fields(row)]
    if sizes:
        columns = [(name, what, (sizes[name],)) for name, what in columns]
    return np.dtype(columns)


def table(row: Any, size: int, **columns: Any) -> Any:
    """A table of `size` records with these columns; a column one short leaves the last record at 0."""
    made = np.zeros(size, kind(row))
    for name, values in columns.items():
        made[name][: len(values)] = values
    return made


@dataclass(frozen=True)
class Instance:
    """Tables in canonical order. `line_id` [line] and `order_id` [order] are the input's indices."""

    case: Case
    class_of: Any
    line_id: Any
    order_id: Any
    product_of: Any  # [cell]
    supply_at: Any  # [input supply row] its bucket
    fixed: Any  # [n, 5] frozen rows: line, cell, day, quantity, order (canonical indices)
    classes: int

    @property
    def size(self) -> tuple[int, int]:
        """How many orders and lines."""
        return len(self.order_id), len(self.line_id)

    def plan(self) -> Plan:
        """An empty plan: two rows a line and a few more an order."""
        count = np.diff(self.case.orders["line"]) * 2 + EXTRA_ROWS
        start = np.concatenate(([0], np.cumsum(count)))
        return Plan(table(SpanRow, len(count), start=start[:-1]), table(PlanRow, int(start[-1])))

    def work(self) -> Any:
        """Scratch space for one worker."""
        sizes = work_sizes(MOST_LOCATIONS, MOST_DAYS, MOST_LINES, MOST_ENTRIES, MOST_OPTIONS)
        work = np.zeros(1, kind(Work, sizes))[0]
        work["head"][:] = -1
        work["low"][1 << np.arange(GROUP)] = np.arange(GROUP)
        return work


def load(path: str | Path) -> dict[str, Any]:
    """Read an instance: an npz, or a folder with one NAME.npy or NAME.csv an array. Raises BadInstance."""
    path = Path(path)
    found: dict[str, Any] = {}
    try:
        if path.is_dir():
            for file in sorted(path.iterdir()):
                if file.suffix == ".npy":
                    found[file.stem] = np.load(file)
                elif file.suffix == ".csv":
                    found[file.stem] = np.loadtxt(file, delimiter=",", dtype=np.int64, ndmin=0)
        else:
            with np.load(path) as pack:
                found = {name: pack[name] for name in pack.files}
    except (OSError, ValueError, EOFError) as error:
        raise BadInstance(f"{path}: {error}") from error
    return found


def check(arrays: Arrays, name: str = "instance") -> dict[str, Any]:
    """The arrays as integers with defaults; refuses what cannot be planned with array, row and rule."""
    missing = [key for key in REQUIRED if key not in arrays]
    if missing:
        raise BadInstance(f"{name}: arrays missing: {', '.join(missing)}")
    a: dict[str, Any] = {}
    for key in (*REQUIRED, *OPTIONAL):
        value = np.asarray(arrays.get(key, np.zeros(0, np.int64)))
        kind = value.dtype.kind
        if kind not in "iubf" or (kind == "f" and (value != np.floor(value)).any()):
            raise BadInstance(f"{name}: {key} holds {value.dtype}, not integers")
        a[key] = value.astype(np.int64)
    orders, lines = len(a["order_zone"]), len(a["line_sku"])
    for key, size in (("line_maxrows", lines), ("order_maxship", orders), ("order_group", orders)):
        if key not in arrays:
            a[key] = np.zeros(size, np.int64)
    locations, zones, days = shape_of(a, name)
    for prefix, size in (("line_", lines), ("order_", orders), ("sup_", len(a["sup_sku"])), ("sub_", len(a["sub_from"])),
                         ("prot_", len(a["prot_sku"])), ("fix_", len(a["fix_line"]))):  # fmt: skip
        for key in a:
            if key.startswith(prefix) and a[key].shape != (size,):
                raise BadInstance(f"{name}: {key} has shape {a[key].shape}, expected ({size},)")
    products = int(a["n_sku"])
    for key, low, high in (
        ("line_order", 0, orders), ("line_sku", 0, products), ("line_qty", 1, 1 << 40), ("line_nosplit", 0, 2),
        ("line_maxrows", 0, 1 << 30), ("order_zone", 0, zones), ("order_class", 0, 1 << 16), ("order_weight", 0, 1 << 40),
        ("order_complete", 0, 3), ("order_maxship", 0, 1 << 30), ("order_req", -(1 << 20), 1 << 20),
        ("sup_sku", 0, products), ("sup_loc", 0, locations), ("sup_day", 0, days), ("sup_qty", 0, 1 << 50),
        ("sub_from", 0, products), ("sub_to", 0, products), ("prot_sku", 0, products), ("prot_loc", 0, locations),
        ("prot_day", 0, days), ("fix_line", 0, lines), ("fix_loc", 0, locations), ("fix_day", 0, days),
        ("fix_sku", 0, products), ("fix_qty", 1, 1 << 40), ("late_max", 1, 1 << 20), ("deliver", 0, 1 << 14),
        ("cap", -1, 1 << 50), ("unit_cost", 0, 1 << 40), ("ship_cost", 0, 1 << 40), ("sub_cost", 0, 1 << 40),
    ):  # fmt: skip
        refuse(name, key, (a[key] < low) | (a[key] >= high), f"must be from {low} to {high - 1}")
    refuse(name, "line_order", np.diff(a["line_order"]) < 0, "must not decrease")
    refuse(name, "deliver", np.diff(a["deliver"], axis=2) < 0, "must not decrease in day")
    if len(np.unique(a["order_rank"])) != orders:
        raise BadInstance(f"{name}: order_rank must be unique")
    units = np.bincount(a["line_order"], a["line_qty"], orders)
    refuse(name, "line_qty", units * int(a["late_max"]) >= MOST, f"times late_max must stay below {MOST} for an order")
    return a


def shape_of(a: Arrays, name: str) -> tuple[int, int, int]:
    """Locations, zones and days from `deliver`, which the other tables must match."""
    if a["deliver"].ndim != 3:
        raise BadInstance(f"{name}: deliver has shape {a['deliver'].shape}, expected (locations, zones, days)")
    locations, zones, days = a["deliver"].shape
    for key, shape in (("unit_cost", (locations, zones)), ("ship_cost", (locations, zones)), ("cap", (locations, days))):
        if a[key].shape != shape:
            raise BadInstance(f"{name}: {key} has shape {a[key].shape}, expected {shape}")
    return locations, zones, days


def refuse(name: str, key: str, wrong: Any, rule: str) -> None:
    """Raise when any row of an array breaks a rule."""
    if np.any(wrong):
        rows = np.nonzero(np.ravel(wrong))[0]
        raise BadInstance(f"{name}: {key} row {int(rows[0])} {rule} ({len(rows)} rows are wrong)")


def build(a: dict[str, Any], strict: bool, scale: int = 1) -> Instance:
    """Tables of a checked instance. `strict` weighs service before cost; money is multiplied by `scale`."""
    sequence = np.argsort(a["order_rank"], kind="stable")
    place_of = np.empty(len(sequence), np.int64)
    place_of[sequence] = np.arange(len(sequence))
    order_of = place_of[a["line_order"]]
    line_id = np.lexsort((a["line_maxrows"], a["line_nosplit"], a["line_qty"], a["line_sku"], order_of))
    counts = np.bincount(order_of, minlength=len(sequence))
    lines = table(
        LineRow, len(line_id), product=a["line_sku"][line_id], quantity=a["line_qty"][line_id],
        whole=a["line_nosplit"][line_id], max_rows=a["line_maxrows"][line_id],
    )  # fmt: skip
    cells, buckets, first_cell, product_of, supply_at = build_cells(a)
    guards, kept = build_guards(a, cells, product_of, buckets)
    substitutes, first_substitute = build_substitutes(a, scale)
    products = table(ProductRow, int(a["n_sku"]) + 1, cell=first_cell, substitute=first_substitute)
    fixed = build_fixed(a, products, cells, line_id, order_of)
    np.subtract.at(lines["quantity"], fixed[:, 0], fixed[:, 3])
    refuse("instance", "fix_qty", lines["quantity"] < 0, "is more than the line asks for")
    frozen, first_frozen = build_frozen(fixed, cells, len(sequence))
    orders = table(
        OrderRow, len(sequence) + 1, line=offsets(counts), zone=a["order_zone"][sequence],
        requested=a["order_req"][sequence], rule=a["order_complete"][sequence], weight=a["order_weight"][sequence] * scale,
        max_shipments=a["order_maxship"][sequence], group=a["order_group"][sequence], frozen=first_frozen,
    )  # fmt: skip
    if strict:
        units = np.bincount(order_of, a["line_qty"], len(sequence)).astype(np.int64) * int(a["late_max"])
        orders["weight"][:-1] = np.maximum(1, np.minimum(STRICT_WEIGHT, INFINITE // 4 // np.maximum(1, units)))
    locations, days = a["cap"].shape
    deliver, inverse, lanes, arrivals = build_lanes(a, scale)
    case = Case(
        orders, frozen, lines, products, substitutes, cells, buckets, guards, kept, a["cap"].ravel().copy(), lanes, deliver,
        inverse, locations, days, arrivals, int((a["cap"] >= 0).any()), int(a["late_max"]), int(strict), 0,
    )  # fmt: skip
    refuse_size(case)
    return Instance(
        case, a["order_class"][sequence].astype(np.int32), line_id, sequence, product_of, supply_at, fixed,
        int(a["order_class"].max(initial=0)) + 1,
    )  # fmt: skip


def refuse_size(case: Case) -> None:
    """Raise when an order could outgrow the scratch space of a worker."""
    cells = np.diff(case.products["cell"])
    buckets = np.diff(case.cells["bucket"][case.products["cell"]])
    wide, deep = cells.copy(), buckets.copy()
    if len(case.substitutes):
        owner = np.repeat(np.arange(len(cells)), np.diff(case.products["substitute"]))
        np.add.at(wide, owner, cells[case.substitutes["product"]])
        np.add.at(deep, owner, buckets[case.substitutes["product"]])
    entries, options = needs(int(wide.max(initial=0)), int(deep.max(initial=0)), case.locations)
    for what, size, most in (
        ("locations", case.locations, MOST_LOCATIONS), ("days", case.days, MOST_DAYS), ("arrival days", case.arrivals, MOST_DAYS),
        ("lines in an order", int(np.diff(case.orders["line"]).max(initial=0)), MOST_LINES),
        ("cells of eight lines", entries, MOST_ENTRIES), ("options of eight lines", options, MOST_OPTIONS),
    ):  # fmt: skip
        if size > most:
            raise BadInstance(f"instance: {size} {what}, at most {most} can be planned")


def offsets(counts: Any) -> Any:
    """Counts as a table of starts with the total at the end."""
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def build_substitutes(a: Arrays, scale: int) -> tuple[Any, Any]:
    """Substitutes by product, cheapest first, and where each product's begin."""
    if not len(a["sub_from"]):
        return table(SubstituteRow, 0), []
    by = np.lexsort((a["sub_to"], a["sub_cost"], a["sub_from"]))
    first = offsets(np.bincount(a["sub_from"], minlength=int(a["n_sku"])))
    return table(SubstituteRow, len(by), product=a["sub_to"][by], cost=a["sub_cost"][by] * scale), first


def build_cells(a: Arrays) -> tuple[Any, Any, Any, Any, Any]:
    """Cells by product and location with cumulative supply; several rows of one day are one bucket."""
    locations, days = a["cap"].shape
    key = (a["sup_sku"] * locations + a["sup_loc"]) * days + a["sup_day"]
    found, at = np.unique(key, return_inverse=True)
    supply = np.zeros(len(found), np.int64)
    np.add.at(supply, at, a["sup_qty"])
    cell_key, cell_of = np.unique(found // days, return_inverse=True)
    first = offsets(np.bincount(cell_of, minlength=len(cell_key)))
    total = np.concatenate(([0], np.cumsum(supply)))
    free = total[1:] - np.repeat(total[first[:-1]], np.diff(first))
    product_of = cell_key // locations
    cells = table(CellRow, len(cell_key) + 1, location=cell_key % locations, bucket=first)
    buckets = table(BucketRow, len(found), day=found % days, free=free)
    return cells, buckets, offsets(np.bincount(product_of, minlength=int(a["n_sku"]))), product_of, at


def build_guards(a: Arrays, cells: Any, product_of: Any, buckets: Any) -> tuple[Any, Any]:
    """Protected quantities by cell and group, cumulative over the cell's buckets; fills `cells.guard`."""
    locations = a["cap"].shape[0]
    at = {int(p) * locations + int(x): c for c, (p, x) in enumerate(zip(product_of, cells["location"], strict=False))}
    pairs: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for product, location, day, group, quantity in zip(
        a["prot_sku"], a["prot_loc"], a["prot_day"], a["prot_group"], a["prot_qty"], strict=True
    ):
        cell = at.get(int(product) * locations + int(location))
        if cell is not None:
            pairs.setdefault((cell, int(group)), []).append((int(day), int(quantity)))
    count = np.zeros(len(cells), np.int64)
    rows: list[tuple[int, int]] = []
    kept: list[int] = []
    for (c, group), given in sorted(pairs.items()):
        count[c] += 1
        rows.append((group, len(kept)))
        last = cells["bucket"][c + 1]
        for k in range(cells["bucket"][c], last):
            until = buckets["day"][k + 1] if k + 1 < last else 1 << 30
            kept.append(sum(quantity for day, quantity in given if day < until))
    cells["guard"] = np.concatenate(([0], np.cumsum(count)))[:-1]
    return np.array(rows, kind(GuardRow)), np.array(kept, np.int64)


def build_lanes(a: Arrays, scale: int) -> tuple[Any, Any, Any, int]:
    """Calendar table by zone and location, its inverse, the costs, and the number of arrival days."""
    locations, zones, days = a["deliver"].shape
    deliver = np.ascontiguousarray(a["deliver"].transpose(1, 0, 2)).astype(np.int64).ravel()
    arrivals = int(deliver.max(initial=0)) + 1
    inverse = np.zeros((locations * zones, arrivals), np.int64)
    for lane, arrival in enumerate(deliver.reshape(-1, days)):
        inverse[lane] = np.searchsorted(arrival, np.arange(arrivals), side="right") - 1
    costs = {key: (a[key].T * scale).ravel() for key in ("unit_cost", "ship_cost")}
    return deliver, inverse.ravel(), table(LaneRow, locations * zones, **costs), arrivals


def build_fixed(a: Arrays, products: Any, cells: Any, line_id: Any, order_of: Any) -> Any:
    """Frozen rows by canonical line: line, cell, day, quantity, order."""
    if not len(a["fix_line"]):
        return np.zeros((0, 5), np.int64)
    back = np.empty(len(line_id), np.int64)
    back[line_id] = np.arange(len(line_id))
    cell = np.full(len(a["fix_line"]), -1, np.int64)
    for n, (sku, location) in enumerate(zip(a["fix_sku"], a["fix_loc"], strict=True)):
        for c in range(products["cell"][sku], products["cell"][sku + 1]):
            if cells["location"][c] == location:
                cell[n] = c
    refuse("instance", "fix_sku", cell < 0, "has no supply at its location")
    rows = np.stack((back[a["fix_line"]], cell, a["fix_day"], a["fix_qty"], order_of[a["fix_line"]]), axis=1)
    return rows[np.lexsort(rows.T[::-1])]


def build_frozen(fixed: Any, cells: Any, orders: int) -> tuple[Any, Any]:
    """Shipments of the frozen rows by order, and where each order's begin."""
    ships = np.unique(np.stack((fixed[:, 4], cells["location"][fixed[:, 1]], fixed[:, 2]), axis=1), axis=0)
    first = offsets(np.bincount(ships[:, 0], minlength=orders))
    return table(FrozenRow, len(ships), location=ships[:, 1], day=ships[:, 2]), first


ROW_KINDS = {"orders": OrderRow, "frozen": FrozenRow, "lines": LineRow, "products": ProductRow, "substitutes": SubstituteRow,
             "cells": CellRow, "buckets": BucketRow, "guards": GuardRow, "lanes": LaneRow}  # fmt: skip
NUMBERS = ("kept", "capacity", "deliver", "latest")


def plain(instance: Instance, state: Case) -> tuple[Case, Plan, Work]:
    """A state of the instance as lists of records, an empty plan and scratch space: what plain code works on."""
    plan = instance.plan()
    lists: dict[str, Any] = {name: [row(*values) for values in getattr(state, name).tolist()] for name, row in ROW_KINDS.items()}
    numbers: dict[str, Any] = {name: getattr(state, name).tolist() for name in NUMBERS}
    deep, wide = (int(np.diff(x).max(initial=1)) for x in (state.cells["bucket"], state.products["cell"]))
    many = 1 + int(np.diff(state.products["substitute"]).max(initial=0))
    longest = int(np.diff(state.orders["line"]).max(initial=1))
    work = plain_work(state.locations, max(state.days, state.arrivals), longest, wide * many, wide * deep * many)
    spans = [SpanRow(*values) for values in plan.spans.tolist()]
    return state._replace(**lists, **numbers), Plan(spans, [PlanRow() for _ in range(len(plan.rows))]), work


def as_arrays(plan: Plan) -> Plan:
    """A plan of lists as arrays."""
    spans = np.array([(x.start, x.count) for x in plan.spans], kind(SpanRow))
    return Plan(spans, np.array([(x.line, x.cell, x.day, x.quantity) for x in plan.rows], kind(PlanRow)))
