"""Small random instances in the referee's format with everything it knows, and the way to the referee itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[4]


def shared() -> Path | None:
    """The folder of shared tools: OMS_SHARED, or `shared` beside the checkout or its parent."""
    places = [Path(os.environ["OMS_SHARED"])] if "OMS_SHARED" in os.environ else [ROOT.parent / "shared", ROOT.parent.parent / "shared"]
    return next((place for place in places if (place / "referee/referee.py").exists()), None)


def referee(instance: Path, plan: Path, *more: str) -> dict[str, Any]:
    """What the referee says about a plan; its solver may speak before it."""
    tool = shared()
    assert tool is not None
    done = subprocess.run(
        [sys.executable, str(tool / "referee/referee.py"), str(instance), "--plan", str(plan), *(more or ["--no-bound"])],
        capture_output=True, text=True,
    )  # fmt: skip
    said = done.stdout.rpartition("\n{")
    assert said[2], done.stderr
    return json.loads("".join(said[1:]))


def make(
    seed: int, orders: int = 40, products: int = 12, locations: int = 4, zones: int = 3, days: int = 30, *,
    tight: float = 0.8, capacity: float = 0.0, max_shipments: bool = False, max_rows: bool = False, substitutes: int = 0,
    repeated: bool = False, long: int = 0, protected: int = 0, frozen: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """A random instance. `tight`: supply over demand; `capacity`: over demand a day; `long`: orders of so many lines."""
    r = np.random.default_rng(seed)
    sizes = r.integers(1, 8, orders)
    if long:
        sizes[:: max(1, orders // 3)] = long
    line_order = np.repeat(np.arange(orders), sizes)
    n = len(line_order)
    sku = r.integers(0, products, n) if repeated else np.concatenate([r.permutation(max(products, s))[:s] % products for s in sizes])
    qty = r.integers(1, 30, n)
    work = np.ones((locations, days + 40), bool)
    work[:, 5::7] = work[:, 6::7] = False
    transit = r.integers(1, 6, (locations, zones))
    deliver = np.zeros((locations, zones, days), np.int64)
    for place in range(locations):
        for day in range(days):
            leaves = day + int(np.argmax(work[place, day:]))
            deliver[place, :, day] = leaves + transit[place] + (r.random() < 0.0)
    a: dict[str, Any] = {
        "line_order": line_order, "line_sku": sku, "line_qty": qty, "line_nosplit": (r.random(n) < 0.2).astype(int),
        "order_zone": r.integers(0, zones, orders), "order_class": r.integers(0, 4, orders), "order_crit": r.integers(0, 3, orders),
        "order_req": r.integers(0, 20, orders), "order_date": -r.integers(0, 30, orders), "order_rank": r.permutation(orders),
        "order_weight": r.integers(1, 60, orders), "order_complete": r.choice(3, orders, p=[0.7, 0.2, 0.1]),
        "deliver": deliver, "unit_cost": r.integers(1, 50, (locations, zones)), "ship_cost": r.integers(100, 2000, (locations, zones)),
        "late_max": np.int64(60), "n_sku": np.int64(products), "cap": np.full((locations, days), -1),
    }  # fmt: skip
    demand = np.bincount(sku, qty, products)
    supply = []
    for product in range(products):
        for place in r.permutation(locations)[: r.integers(1, locations + 1)]:
            for day in sorted({0, *r.integers(0, days - 5, r.integers(0, 3)).tolist()} - ({0} if r.random() < 0.2 else set())):
                supply.append((product, place, day, int(demand[product] * tight * r.random() / 2)))
    supply.sort()
    a |= dict(zip(("sup_sku", "sup_loc", "sup_day", "sup_qty"), np.array(supply).reshape(-1, 4).T, strict=True))
    if capacity:
        a["cap"] = np.round(qty.sum() / locations / 15 * capacity * r.uniform(0.5, 1.5, (locations, days))).astype(np.int64)
        a["cap"][0, ::3] = -1
    if max_shipments:
        a["order_maxship"] = r.integers(0, 4, orders)
    if max_rows:
        a["line_maxrows"] = r.integers(0, 4, n)
    if substitutes:
        pairs = np.unique(r.integers(0, products, (substitutes, 2)), axis=0)
        pairs = pairs[pairs[:, 0] != pairs[:, 1]]
        a |= {"sub_from": pairs[:, 0], "sub_to": pairs[:, 1], "sub_cost": r.integers(0, 300, len(pairs))}
    if protected:
        a["order_group"] = r.integers(0, 3, orders)
        pick = r.integers(0, len(supply), protected)
        a |= {"prot_sku": a["sup_sku"][pick], "prot_loc": a["sup_loc"][pick], "prot_day": a["sup_day"][pick],
              "prot_group": r.integers(0, 3, protected), "prot_qty": a["sup_qty"][pick] // 2}  # fmt: skip
    if frozen:
        a |= freeze(a, r)
    return a


def freeze(a: dict[str, Any], r: Any) -> dict[str, Any]:
    """Whole lines of partial orders that stand on a day they have supply for."""
    rows = []
    for b in r.permutation(len(a["sup_sku"])):
        lines = np.nonzero((a["line_sku"] == a["sup_sku"][b]) & (a["line_qty"] <= a["sup_qty"][b]))[0]
        lines = [i for i in lines if a["order_complete"][a["line_order"][i]] == 0 and i not in {x[0] for x in rows}]
        taken = {a["line_order"][x[0]] for x in rows}
        lines = [i for i in lines if a["line_order"][i] not in taken]
        busy = a["cap"][a["sup_loc"][b], a["sup_day"][b]] >= 0
        if lines and not busy and not any((a["sup_sku"][b], a["sup_loc"][b]) == x[1:3] for x in rows):
            rows.append((lines[0], a["sup_sku"][b], a["sup_loc"][b], a["sup_day"][b], a["line_qty"][lines[0]]))
        if len(rows) == 4:
            break
    columns = np.array(rows, np.int64).reshape(-1, 5).T
    return dict(zip(("fix_line", "fix_sku", "fix_loc", "fix_day", "fix_qty"), columns, strict=True))


VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {}, "short": {"tight": 0.4}, "plenty": {"tight": 3.0}, "capacity": {"capacity": 1.0}, "narrow": {"capacity": 0.4},
    "max_shipments": {"max_shipments": True}, "max_rows": {"max_rows": True}, "substitutes": {"substitutes": 14},
    "repeated": {"repeated": True}, "long": {"long": 19, "products": 30}, "protected": {"protected": 12},
    "frozen": {"frozen": True},
    "everything": {"capacity": 0.8, "max_shipments": True, "max_rows": True, "substitutes": 14, "repeated": True,
                   "long": 17, "protected": 9, "frozen": True},
}  # fmt: skip
